import type { FairnessBooks, FairnessStore, MetricsReader, QuotaOrder, QuotaSet, QuotaView } from '#libs/application';
import { overPromised } from '#libs/accounting';
import type { Instant } from '#libs/domain';
import { HALF_LIFE_SECONDS, ShareBook, referenceMilli } from '#libs/scheduling';
import { timestamptz, type Database, type Session } from './database.js';
import { groupModelOf, runningJobOf, tenantModelOf, type AttemptRow, type GroupRow } from './planner-rows.js';
import { serviceNow } from './service-time-sql.js';
import { quotaInForce, selectAttempts, selectGroups, selectTenants, type TenantRow } from './planner-sql.js';

interface QuotaRow extends TenantRow {
  readonly version: number;
  readonly set_by: string | null;
  readonly set_at: Instant | null;
}
const selectQuota = `
  select t.id, ${quotaInForce}, coalesce(q.version, 0) as version, q.set_by, q.set_at
  from tenant t left join tenant_quota q on q.tenant_id = t.id where t.id = $1`;

// The row of the tenant, then all quotas: two orders at a time could each find room in the parent's for its own.
const lockQuotas = 'select pg_advisory_xact_lock(7002010)';

const writeQuota = `
  with written as (
    insert into tenant_quota (tenant_id, cards, borrowing_limit, lending_limit, set_at, set_by) values ($1, $2, $3, $4, $5, $6)
    on conflict (tenant_id) do update set cards = excluded.cards, borrowing_limit = excluded.borrowing_limit,
      lending_limit = excluded.lending_limit, set_at = excluded.set_at, set_by = excluded.set_by, version = tenant_quota.version + 1
    returning tenant_id
  ), audited as (
    insert into audit_record (at, actor, action, subject, tenant_id, detail)
    select $5, $6, 'tenant.set-quota', tenant_id, tenant_id, $7::jsonb from written
  )
  insert into change (kind, subject) select 'tenant', tenant_id from written`;

const rebaseUse = `
  with moved as (
    update tenant t set used_half_life_s = $1,
      used_as_of = case when t.used_as_of is null then null else greatest(t.used_as_of, $2::timestamptz) end,
      used_card_seconds = case when t.used_as_of is null then t.used_card_seconds else t.used_card_seconds * power(0.5::float8,
        greatest(0, extract(epoch from $2::timestamptz - t.used_as_of))::float8 / t.used_half_life_s) end
    from (select id from tenant where used_half_life_s <> $1 order by id for no key update) due where t.id = due.id returning t.id
  )
  insert into change (kind, subject) select 'tenant', id from moved`;

/** Quotas and what shares follow from. Takes a database opened as chusuan_system; whom it may be told is the caller's to say. */
export class PostgresFairnessStore implements FairnessStore {
  constructor(private readonly database: Database) {}

  async quota(tenantId: string): Promise<QuotaView | null> {
    return this.database.transaction((session) => readQuota(session, tenantId));
  }

  async setQuota({ tenantId, quota, at, actor, ifVersion }: QuotaOrder): Promise<QuotaSet> {
    return this.database.transaction(async (session): Promise<QuotaSet> => {
      await session.query(lockQuotas);
      const before = await readQuota(session, tenantId);
      if (!before) return { kind: 'unknown' };
      if (ifVersion !== undefined && ifVersion !== before.version) return { kind: 'changed', version: before.version };
      const { rows } = await session.query<TenantRow>(selectTenants);
      const tenants = rows.map(tenantModelOf);
      const known = new Map(overPromised(tenants).map((over) => [over.tenantId, over.promised]));
      // Who is over already, by the hand of the seeds, stands in nobody's way who does not make it worse.
      const over = overPromised(tenants.map((one) => (one.id === tenantId ? { ...one, quota } : one))).find(
        (one) => one.tenantId === tenantId || one.promised > (known.get(one.tenantId) ?? 0),
      );
      if (over) return { kind: 'over-promised', ...over };
      const { cards, borrowingLimit = null, lendingLimit = null } = quota;
      const detail = { from: limitsOf(before), to: { cards, borrowingLimit, lendingLimit } };
      const values = [tenantId, cards, borrowingLimit, lendingLimit, timestamptz(at), actor, JSON.stringify(detail)];
      await session.query(writeQuota, values);
      const after = await readQuota(session, tenantId);
      return after ? { kind: 'set', quota: after } : { kind: 'unknown' };
    });
  }

  async books(at: Instant): Promise<FairnessBooks> {
    return this.database.transaction(async (session) => {
      await session.query('set transaction isolation level repeatable read read only');
      const tenants = await session.query<TenantRow>(selectTenants);
      const groups = await session.query<GroupRow>(selectGroups, [timestamptz(at)]);
      const attempts = await session.query<AttemptRow>(selectAttempts(''));
      const decay = await session.query<{ seconds: number }>('select max(used_half_life_s) as seconds from tenant');
      const byId = new Map(groups.rows.map((row) => [row.id, groupModelOf(row)]));
      return {
        tenants: tenants.rows.map(tenantModelOf),
        charges: attempts.rows.map(runningJobOf).flatMap(({ tenantId, groupId, perNode, nodeCount, startedAt }) => {
          const group = byId.get(groupId);
          return group ? [{ tenantId, milli: referenceMilli(group, perNode, nodeCount), startedAt }] : [];
        }),
        halfLifeSeconds: decay.rows[0]?.seconds ?? HALF_LIFE_SECONDS,
      };
    });
  }
}

/** Use decays by another half-life from `at` on: what has decayed until then stays as it is. */
export async function rebaseUsage(session: Session, halfLifeSeconds: number, at: Instant): Promise<void> {
  await session.query(rebaseUse, [halfLifeSeconds, timestamptz(at)]);
}

/** What the exporter shows of tenants, as of the service's time. */
export async function tenantShares(database: Database): Promise<Awaited<ReturnType<MetricsReader['tenantShares']>>> {
  const clock = await database.query<{ now: Instant }>(`select ${serviceNow} as now from service_clock c`);
  const now = clock.rows[0]?.now;
  if (now === undefined) return [];
  const { tenants, charges, halfLifeSeconds } = await new PostgresFairnessStore(database).books(now);
  const book = new ShareBook({ halfLifeSeconds });
  book.setTenants(tenants);
  const held = new Map<string, number>();
  for (const charge of charges) {
    book.start(charge);
    held.set(charge.tenantId, (held.get(charge.tenantId) ?? 0) + charge.milli);
  }
  return tenants.map(({ id, quota }) => ({
    tenant: id,
    quota: quota?.cards ?? null,
    held: (held.get(id) ?? 0) / 1000,
    ratio: book.shareOf(id, Math.floor(now / 1000))?.levels.at(-1)?.ratio ?? null,
  }));
}

async function readQuota(session: Session, tenantId: string): Promise<QuotaView | null> {
  const row = (await session.query<QuotaRow>(selectQuota, [tenantId])).rows[0];
  if (!row) return null;
  return {
    tenantId,
    cards: row.quota_cards,
    borrowingLimit: row.quota_borrowing,
    lendingLimit: row.quota_lending,
    setBy: row.set_by,
    setAt: row.set_at,
    version: row.version,
  };
}

const limitsOf = ({ cards, borrowingLimit, lendingLimit }: QuotaView) => ({ cards, borrowingLimit, lendingLimit });
