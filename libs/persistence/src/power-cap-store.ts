import type { PowerCap, PowerCapStore } from '#libs/application';
import type { Instant } from '#libs/domain';
import { timestamptz, type Database } from './database.js';

const setCap = `
  with made as (
    insert into power_cap (id, site_id, starts_at, ends_at, watts, reason, created_at, created_by)
    values ($1, $2, $3::timestamptz, $4::timestamptz, $5, $6, $7::timestamptz, $8) returning *
  ), told as (
    insert into change (kind, subject) select 'power-cap', id::text from made
  )
  insert into audit_record (at, actor, action, subject, detail)
  select created_at, created_by, 'power-cap.set', id::text,
    jsonb_build_object('site', site_id, 'from', starts_at, 'until', ends_at, 'watts', watts, 'reason', reason) from made`;

const liftCap = `
  with lifted as (
    update power_cap set lifted_at = $2::timestamptz where id = $1 and lifted_at is null and ends_at > $2::timestamptz returning *
  ), told as (
    insert into change (kind, subject) select 'power-cap', id::text from lifted
  )
  insert into audit_record (at, actor, action, subject, detail)
  select $2::timestamptz, $3, 'power-cap.lift', id::text, jsonb_build_object('site', site_id) from lifted`;

const standing = `
  select id, site_id, starts_at, ends_at, watts, reason, created_at, created_by from power_cap
  where lifted_at is null and ends_at > $1::timestamptz order by starts_at, id`;

interface Row {
  readonly id: string;
  readonly site_id: string;
  readonly starts_at: Instant;
  readonly ends_at: Instant;
  readonly watts: number;
  readonly reason: string | null;
  readonly created_at: Instant;
  readonly created_by: string;
}

/** Takes a database opened as chusuan_system. */
export class PostgresPowerCapStore implements PowerCapStore {
  constructor(private readonly database: Database) {}

  async set(cap: PowerCap): Promise<void> {
    const { id, siteId, from, until, watts, reason, createdAt, createdBy } = cap;
    const times = [timestamptz(from), timestamptz(until)];
    await this.database.query(setCap, [id, siteId, ...times, watts, reason, timestamptz(createdAt), createdBy]);
  }

  async list(now: Instant): Promise<readonly PowerCap[]> {
    const { rows } = await this.database.query<Row>(standing, [timestamptz(now)]);
    return rows.map((row) => ({
      id: row.id,
      siteId: row.site_id,
      from: row.starts_at,
      until: row.ends_at,
      watts: row.watts,
      reason: row.reason,
      createdAt: row.created_at,
      createdBy: row.created_by,
    }));
  }

  async lift(id: string, at: Instant, actor: string): Promise<boolean> {
    return (await this.database.query(liftCap, [id, timestamptz(at), actor])).rowCount === 1;
  }
}
