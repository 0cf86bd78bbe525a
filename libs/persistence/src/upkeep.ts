import { holdingStates } from './capacity-sql.js';
import { statement, type Database, type Statement } from './database.js';
import { foldJobTotals } from './job-totals.js';
import { serviceNow } from './service-time-sql.js';

/** A key answers for two days: longer than any client's patience with its own retries. */
const keysKeptHours = 48;
const simulatedJobsKeptDays = 7;
/** Short transactions, so that nobody waits long for a row and the server's clean-up keeps pace. */
const rowsAtOnce = 5_000;

// Asked in a sub-select: the planner takes clock_timestamp() itself for another value at each row, and reads every row for it.
const dropKeys = statement(
  'upkeep-idempotency-keys',
  `delete from idempotency_key where ctid = any(array(
    select ctid from idempotency_key where created_wall < (select clock_timestamp() - ${keysKeptHours} * interval '1 hour')
    order by created_wall limit $1::int for update skip locked))`,
);

// Of an attempt that still holds nodes nobody has read the end yet: its row stays, however old.
const dropSimulatedJobs = statement(
  'upkeep-simulated-jobs',
  `delete from simulated_engine_job where ctid = any(array(
    select e.ctid from simulated_engine_job e
    where e.state = 'ended' and e.ended_at < (select ${serviceNow} from service_clock c) - ${simulatedJobsKeptDays} * interval '1 day'
      and not exists (select from attempt a where a.id = e.attempt_id and a.state in ${holdingStates})
    order by e.ended_at limit $1::int for update of e skip locked))`,
);

/**
 * Keeps tables from growing with the past: idempotency keys older than 48 h of wall time go, simulated jobs that ended more than
 * seven service days ago go, news of counts are added up. Takes a database opened as chusuan_system.
 */
export class PostgresUpkeep {
  constructor(
    private readonly database: Database,
    private readonly options: { readonly rowsAtOnce: number } = { rowsAtOnce },
  ) {}

  /** In transactions of at most 5,000 rows each, until nothing is left to do. Safe beside itself and beside every writer. */
  async prune(): Promise<void> {
    await this.untilDone(() => foldJobTotals(this.database, this.options.rowsAtOnce));
    await this.untilDone(() => this.deleted(dropKeys));
    await this.untilDone(() => this.deleted(dropSimulatedJobs));
  }

  private async deleted(sql: Statement): Promise<number> {
    return (await this.database.query(sql, [this.options.rowsAtOnce])).rowCount;
  }

  private async untilDone(step: () => Promise<number>): Promise<void> {
    while ((await step()) === this.options.rowsAtOnce);
  }
}
