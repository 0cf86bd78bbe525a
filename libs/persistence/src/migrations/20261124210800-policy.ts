import { Migration } from '@mikro-orm/migrations';

/** Policies by content hash, when which was active, and cycles that name theirs instead of repeating it. */
export class Policy20261124210800 extends Migration {
  override up(): void {
    for (const statement of [...tables, ...rights]) this.addSql(statement);
  }
}

const tables = [
  `create table policy (
    sha256 text primary key, name text not null, body jsonb not null, first_used timestamptz not null,
    imported_wall timestamptz not null default clock_timestamp(), imported_by text not null
  )`,
  `create table policy_active (
    sequence bigint generated always as identity primary key, policy_sha256 text not null references policy,
    origin text not null check (origin in ('file','applied')), actor text not null, since timestamptz not null,
    since_wall timestamptz not null default clock_timestamp()
  )`,
  // Records of before keep the body they have; those to come name it.
  `alter table cycle_record add column policy_sha256 text references policy, alter column policy drop not null,
    add check (num_nonnulls(policy, policy_sha256) = 1)`,
];

// Policies are everybody's: they name no tenant.
const rights = [
  `grant select, insert on policy, policy_active to chusuan_system`,
  `grant select on policy, policy_active to chusuan_auditor, chusuan_app`,
];
