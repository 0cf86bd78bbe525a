import type { SimulatedEngineStore, SimulatedJob } from '#libs/application';
import type { Instant } from '#libs/domain';
import { statement, timestamptz, type Database } from './database.js';

const columns = `attempt_id as "attemptId", pool_id as "poolId", ref, state, run_seconds as "runSeconds",
  limit_seconds as "limitSeconds", ending, node_ids as "nodeIds", prepared_at as "preparedAt", staged_until as "stagedUntil", started_at as "startedAt",
  ended_at as "endedAt", outcome, exit_code as "exitCode"`;
const listAlive = statement(
  'simulated-alive',
  `select ${columns} from simulated_engine_job where pool_id = $1 and state <> 'ended' order by attempt_id`,
);
const listEnded = statement(
  'simulated-ended',
  `select ${columns} from simulated_engine_job where pool_id = $1 and state = 'ended' and ended_at >= $2 order by ended_at, attempt_id`,
);
const findOne = statement('simulated-find', `select ${columns} from simulated_engine_job where attempt_id = $1`);
const replace = statement(
  'simulated-put',
  `insert into simulated_engine_job (attempt_id, pool_id, ref, state, run_seconds, limit_seconds, ending, node_ids, prepared_at,
                                     started_at, ended_at, outcome, exit_code, staged_until)
   select * from json_to_recordset($1::json) as j(
     attempt_id uuid, pool_id text, ref text, state text, run_seconds float8, limit_seconds int, ending text, node_ids text[],
     prepared_at timestamptz, started_at timestamptz, ended_at timestamptz, outcome text, exit_code int, staged_until timestamptz)
   order by attempt_id
   on conflict (attempt_id) do update set pool_id = excluded.pool_id, ref = excluded.ref, state = excluded.state,
     run_seconds = excluded.run_seconds, limit_seconds = excluded.limit_seconds, ending = excluded.ending,
     node_ids = excluded.node_ids, prepared_at = excluded.prepared_at, started_at = excluded.started_at,
     ended_at = excluded.ended_at, outcome = excluded.outcome, exit_code = excluded.exit_code, staged_until = excluded.staged_until`,
);

/** Takes a database opened as chusuan_system. */
export class PostgresSimulatedEngineStore implements SimulatedEngineStore {
  constructor(private readonly database: Database) {}

  async alive(poolId: string): Promise<readonly SimulatedJob[]> {
    return (await this.database.query<SimulatedJob & Record<string, unknown>>(listAlive, [poolId])).rows;
  }

  /** Ended at that instant or later. */
  async endedSince(poolId: string, since: Instant): Promise<readonly SimulatedJob[]> {
    const { rows } = await this.database.query<SimulatedJob & Record<string, unknown>>(listEnded, [
      poolId,
      timestamptz(since),
    ]);
    return rows;
  }

  async find(attemptId: string): Promise<SimulatedJob | null> {
    const { rows } = await this.database.query<SimulatedJob & Record<string, unknown>>(findOne, [attemptId]);
    return rows[0] ?? null;
  }

  async put(jobs: readonly SimulatedJob[]): Promise<void> {
    if (jobs.length === 0) return;
    const last = new Map(jobs.map((job) => [job.attemptId, job])); // one statement may touch a row once only
    await this.database.query(replace, [JSON.stringify([...last.values()].map(recordOf))]);
  }
}

const recordOf = (job: SimulatedJob): Record<string, unknown> => ({
  attempt_id: job.attemptId,
  pool_id: job.poolId,
  ref: job.ref,
  state: job.state,
  run_seconds: job.runSeconds,
  limit_seconds: job.limitSeconds,
  ending: job.ending,
  node_ids: job.nodeIds,
  prepared_at: timestamptz(job.preparedAt),
  started_at: timestamptz(job.startedAt),
  ended_at: timestamptz(job.endedAt),
  outcome: job.outcome,
  exit_code: job.exitCode,
  staged_until: timestamptz(job.stagedUntil),
});
