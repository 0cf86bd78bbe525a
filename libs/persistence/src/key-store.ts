import type { KeyStore, Principal } from '#libs/application';
import { statement, timestamptz, type Database } from './database.js';

// A tenant's key covers its subtree; the bureau's roles cover everybody, also tenants that the seeds no longer name, whose
// history they answer for. The key of a tenant that is gone is as good as revoked.
const findKey = statement(
  'key-find',
  `with recursive k as (
     select id, role, tenant_id, expires_wall <= clock_timestamp() as expired,
       revoked_wall is not null or exists (select from tenant t where t.id = tenant_id and not t.listed) as revoked
     from api_key where sha256 = $1
   ), subtree as (
     select t.id from tenant t join k on t.id = k.tenant_id
     union
     select t.id from tenant t join subtree s on t.parent_id = s.id
   )
   select k.id, k.role, k.tenant_id, coalesce(k.expired, false) as expired, k.revoked,
     case when k.role = 'tenant' then array(select id from subtree order by id) else array(select id from tenant order by id) end as tenants
   from k`,
);

interface KeyRow {
  readonly id: string;
  readonly role: Principal['role'];
  readonly tenant_id: string | null;
  readonly expired: boolean;
  readonly revoked: boolean;
  readonly tenants: readonly string[];
}

/** Takes a database opened as chusuan_system: no other role but the owner sees keys. Only their hashes are ever here. */
export class PostgresKeyStore implements KeyStore {
  constructor(private readonly database: Database) {}

  async find(sha256: Uint8Array): ReturnType<KeyStore['find']> {
    const { rows } = await this.database.query<KeyRow>(findKey, [Buffer.from(sha256)]);
    const key = rows[0];
    if (!key) return null;
    if (key.revoked) return { kind: 'revoked' };
    if (key.expired) return { kind: 'expired' };
    return { kind: 'ok', principal: { keyId: key.id, role: key.role, tenantId: key.tenant_id, tenants: key.tenants } };
  }

  /** All or none; a key whose hash is there already is refused by the database (unique violation). */
  async add(keys: Parameters<KeyStore['add']>[0]): Promise<void> {
    const rows = keys.map((key) => ({
      id: key.id,
      sha256: Buffer.from(key.sha256).toString('hex'),
      role: key.role,
      tenant_id: key.tenantId,
      label: key.label,
      expires_wall: timestamptz(key.expiresAt),
    }));
    await this.database.query(
      `insert into api_key (id, sha256, role, tenant_id, label, expires_wall)
       select id, decode(sha256, 'hex'), role, tenant_id, label, expires_wall from json_to_recordset($1::json)
         as k(id uuid, sha256 text, role text, tenant_id text, label text, expires_wall timestamptz)`,
      [JSON.stringify(rows)],
    );
  }

  /** Keys that are not revoked. */
  async count(): Promise<number> {
    const { rows } = await this.database.query<{ keys: number }>(
      'select count(*) as keys from api_key where revoked_wall is null',
    );
    return rows[0]?.keys ?? 0;
  }

  /** False when there is no such key, or it was revoked before. */
  async revoke(id: string): Promise<boolean> {
    const { rowCount } = await this.database.query(
      'update api_key set revoked_wall = clock_timestamp() where id = $1 and revoked_wall is null',
      [id],
    );
    return rowCount > 0;
  }
}
