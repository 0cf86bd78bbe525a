import type { PolicyActivation, PolicyStore, ServicePolicy, VersionedPolicy } from '#libs/application';
import type { Instant } from '#libs/domain';
import { HALF_LIFE_SECONDS } from '#libs/scheduling';
import { statement, timestamptz, type Database } from './database.js';
import { rebaseUsage } from './fairness-store.js';

interface PolicyRow {
  readonly sha256: string;
  readonly name: string;
  readonly body: Omit<ServicePolicy, 'name'>;
}
const activePolicy = statement(
  'policy-active',
  `select p.sha256, p.name, p.body from policy_active a join policy p on p.sha256 = a.policy_sha256 order by a.sequence desc limit 1`,
);
/** Shared with the cycle log, which imports what it plans by. $1 hash, $2 name, $3 body, $4 first used, $5 by whom. */
export const importPolicy = `
  insert into policy (sha256, name, body, first_used, imported_by) values ($1::text, $2::text, $3::jsonb, $4::timestamptz, $5::text)
  on conflict (sha256) do nothing`;
const activate = `
  with put as (
    insert into policy_active (policy_sha256, origin, actor, since) values ($1::text, $2::text, $3::text, $4::timestamptz)
    returning policy_sha256
  )
  insert into audit_record (at, actor, action, subject, detail)
  select $4::timestamptz, $3::text, 'policy.activate', policy_sha256, jsonb_build_object('origin', $2::text, 'name', $5::text, 'before', (
    select policy_sha256 from policy_active order by sequence desc limit 1)) from put`;

/** Takes a database opened as chusuan_system. */
export class PostgresPolicyStore implements PolicyStore {
  constructor(private readonly database: Database) {}

  async active(): Promise<VersionedPolicy | null> {
    const { rows } = await this.database.query<PolicyRow & Record<string, unknown>>(activePolicy);
    const row = rows[0];
    return row ? { sha256: row.sha256, name: row.name, ...row.body } : null;
  }

  async activate(policy: VersionedPolicy, by: Parameters<PolicyStore['activate']>[1]): Promise<void> {
    const at = timestamptz(by.at);
    await this.database.transaction(async (session) => {
      await session.query(importPolicy, [policy.sha256, policy.name, policyBody(policy), at, by.actor]);
      await session.query(activate, [policy.sha256, by.origin, by.actor, at, policy.name]);
      // In one: whoever plans by the policy finds use that decays as it says.
      await rebaseUsage(session, policy.planning.fairShare?.halfLifeSeconds ?? HALF_LIFE_SECONDS, by.at);
    });
  }

  async lastOfFile(): Promise<string | null> {
    const { rows } = await this.database.query<{ policy_sha256: string }>(
      `select policy_sha256 from policy_active where origin = 'file' order by sequence desc limit 1`,
    );
    return rows[0]?.policy_sha256 ?? null;
  }

  async history(limit: number): Promise<readonly PolicyActivation[]> {
    const { rows } = await this.database.query<
      Omit<PolicyActivation, 'since'> & { since: Instant } & Record<string, unknown>
    >(
      `select p.sha256, p.name, a.origin, a.actor, a.since from policy_active a join policy p on p.sha256 = a.policy_sha256
       order by a.sequence desc limit $1`,
      [limit],
    );
    return rows.map(({ sha256, name, origin, actor, since }) => ({ sha256, name, origin, actor, since }));
  }
}

export const policyBody = ({ planning, latencyStaleSeconds }: VersionedPolicy): string =>
  JSON.stringify({ planning, latencyStaleSeconds });
