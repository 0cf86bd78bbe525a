import type { Session } from './database.js';

/** A text that changes when anything of the catalogue does: what the seeds say, and what is switched on. Cheap: some hundred rows. */
export async function catalogueVersion(session: Session): Promise<string> {
  const { rows } = await session.query<{ version: string }>(
    `select md5(string_agg(row, ',' order by row)) as version from (
       select 'site ' || id || ' ' || seed_hash as row from site
       union all select 'pool ' || id || ' ' || seed_hash || ' ' || enabled from pool
       union all select 'group ' || id || ' ' || seed_hash from node_group
       union all select 'tenant ' || id || ' ' || seed_hash from tenant
       union all select kind || ' ' || id || ' ' || seed_hash from reference
     ) as everything`,
  );
  return rows[0]?.version ?? '';
}
