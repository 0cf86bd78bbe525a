import type {
  DueJob,
  LapsedJob,
  PromiseOutcome,
  PromiseSettlement,
  PromiseStore,
  PromiseToIssue,
} from '#libs/application';
import type { Instant, JobClass } from '#libs/domain';
import type { PointBasis, ResidualWindow, StartPromise } from '#libs/scheduling';
import { statement, timestamptz, type Database, type Session } from './database.js';
import { epochInForce } from './epoch-fence.js';

const promiseColumns = 'p.number, p.open, p.made_at, p.point, p.basis, p.ahead, p.p50, p.p90, p.source';
interface PromiseRow {
  readonly job_id: string;
  readonly class: JobClass;
  readonly number: number | null;
  readonly made_at: Instant;
  readonly point: Instant;
  readonly basis: PointBasis;
  readonly ahead: number;
  readonly p50: Instant | null;
  readonly p90: Instant | null;
  readonly source: string | null;
  readonly open: boolean;
}

const residuals = statement('promise-residuals', 'select key, residuals, alpha from residual_window order by key');
const waiting = statement(
  'promise-waiting',
  `select j.id as job_id, j.class, ${promiseColumns} from job j
   left join lateral (select * from promise l where l.job_id = j.id order by l.number desc limit 1) p on true
   where j.id = any ($1::uuid[]) and j.state = 'queued' order by j.id`,
);
// A promise is made only to a job that still waits; the share lock keeps it so until commit.
const issue = statement(
  'promise-issue',
  `with said as (
    select * from json_to_recordset($1::json) as s(job_id uuid, number int, made_at timestamptz, point timestamptz, basis text,
      ahead int, p50 timestamptz, p90 timestamptz, source text)
  ), waiting as (
    select id, tenant_id, class from job where state = 'queued' and id in (select job_id from said) order by id for share
  )
  insert into promise (job_id, number, tenant_id, class, made_at, point, basis, ahead, p50, p90, source)
  select w.id, s.number, w.tenant_id, w.class, s.made_at, s.point, s.basis, s.ahead, s.p50, s.p90, s.source
  from waiting w join said s on s.job_id = w.id order by w.id
  on conflict do nothing`,
);
const due = statement(
  'promise-due',
  `with due as (select job_id, started_at from promise_due order by started_at, job_id limit $1)
   select d.job_id, d.started_at, p.class, ${promiseColumns} from due d join promise p on p.job_id = d.job_id
   order by d.started_at, d.job_id, p.number`,
);
const lapsed = statement(
  'promise-lapsed',
  `select p.job_id, p.class, ${promiseColumns}, j.ended_at is not null as is_over from promise p join job j on j.id = p.job_id
   where p.number = 1 and p.open and p.p90 < $1::timestamptz and j.started_at is null order by p.p90, p.job_id limit $2`,
);
const close = statement(
  'promise-close',
  `update promise set open = false where number = 1 and open and job_id = any ($1::uuid[])`,
);
// The row of the work list is what makes an outcome count once: who finds it gone writes nothing.
const settle = statement(
  'promise-settle',
  `with scored as (
    select * from json_to_recordset($1::json) as s(job_id uuid, kind text, number int, started_at timestamptz, kept boolean,
      within_p50 boolean, error_seconds double precision)
  ), taken as (
    delete from promise_due where job_id in (select job_id from scored) returning job_id
  )
  insert into promise_outcome (job_id, kind, tenant_id, class, number, started_at, kept, within_p50, error_seconds)
  select s.job_id, s.kind, p.tenant_id, p.class, s.number, s.started_at, s.kept, s.within_p50, s.error_seconds
  from scored s join taken t on t.job_id = s.job_id join promise p on p.job_id = s.job_id and p.number = s.number
  on conflict do nothing`,
);
const learn = statement(
  'promise-learn',
  `insert into residual_window (key, residuals, alpha)
   select key, residuals, alpha from json_to_recordset($1::json) as w(key text, residuals jsonb, alpha double precision) order by key
   on conflict (key) do update set residuals = excluded.residuals, alpha = excluded.alpha`,
);

/** Promises, outcomes and residuals as the scheduler keeps them. Takes a database opened as chusuan_system. */
export class PostgresPromiseStore implements PromiseStore {
  constructor(private readonly database: Database) {}

  async residuals(): Promise<readonly ResidualWindow[]> {
    const { rows } = await this.database.query<{ key: string; residuals: number[]; alpha: number }>(residuals);
    return rows;
  }

  async waiting(jobIds: readonly string[]): ReturnType<PromiseStore['waiting']> {
    const { rows } = await this.database.query<PromiseRow & Record<string, unknown>>(waiting, [jobIds]);
    return rows.map((row) => ({
      jobId: row.job_id,
      class: row.class,
      number: row.number ?? 0,
      told: row.number === null ? null : promiseOf(row),
    }));
  }

  async issue(epoch: number, promises: readonly PromiseToIssue[]): Promise<'written' | 'fenced'> {
    return this.fenced(epoch, async (session) => {
      await session.query(issue, [JSON.stringify(promises.map(issueRow))]);
    });
  }

  async due(limit: number): Promise<readonly DueJob[]> {
    const { rows } = await this.database.query<PromiseRow & { started_at: Instant }>(due, [limit]);
    return Array.from(
      Map.groupBy(rows, (row) => row.job_id),
      ([jobId, [first, ...rest]]) => ({
        jobId,
        class: first!.class,
        startedAt: first!.started_at,
        issues: [first!, ...rest].map(promiseOf),
        isKnownLate: !first!.open,
      }),
    );
  }

  async lapsed(now: number, limit: number): Promise<readonly LapsedJob[]> {
    const { rows } = await this.database.query<PromiseRow & { is_over: boolean }>(lapsed, [atSecond(now), limit]);
    return rows.map((row) => ({ jobId: row.job_id, first: promiseOf(row), isOver: row.is_over }));
  }

  async settle(epoch: number, { outcomes, lapsed: late, windows }: PromiseSettlement): Promise<'written' | 'fenced'> {
    return this.fenced(epoch, async (session) => {
      await session.query(settle, [JSON.stringify(outcomes.map(outcomeRow))]);
      await session.query(close, [[...late, ...outcomes.map(({ jobId }) => jobId)]]);
      await session.query(learn, [JSON.stringify(windows)]);
    });
  }

  private async fenced(epoch: number, write: (session: Session) => Promise<void>): Promise<'written' | 'fenced'> {
    return this.database.transaction(async (session) => {
      if ((await epochInForce(session)) !== epoch) return 'fenced';
      await write(session);
      return 'written';
    });
  }
}

const secondsOf = (at: Instant): number => Math.round(at / 1000);
const atSecond = (seconds: number | null): string | null => timestamptz(seconds === null ? null : seconds * 1000);

function promiseOf(row: PromiseRow): StartPromise {
  return {
    point: secondsOf(row.point),
    now: secondsOf(row.made_at),
    class: row.class,
    basis: row.basis,
    ahead: row.ahead,
    p50: row.p50 === null ? null : secondsOf(row.p50),
    p90: row.p90 === null ? null : secondsOf(row.p90),
    source: row.source,
  };
}

const issueRow = ({ jobId, number, promise }: PromiseToIssue): Record<string, unknown> => ({
  job_id: jobId,
  number,
  made_at: atSecond(promise.now),
  point: atSecond(promise.point),
  basis: promise.basis,
  ahead: promise.ahead,
  p50: atSecond(promise.p50),
  p90: atSecond(promise.p90),
  source: promise.source,
});

const outcomeRow = ({ jobId, kind, number, startedAt, score }: PromiseOutcome): Record<string, unknown> => ({
  job_id: jobId,
  kind,
  number,
  started_at: timestamptz(startedAt),
  kept: score?.kept ?? null,
  within_p50: score?.withinP50 ?? null,
  error_seconds: score?.error ?? null,
});
