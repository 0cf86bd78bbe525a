import type { Calibration, JobPromises, Principal, PromiseReader, PromiseView } from '#libs/application';
import type { Instant } from '#libs/domain';
import type { ResidualWindow } from '#libs/scheduling';
import { statement, timestamptz, type Database } from './database.js';
import { PostgresPromiseStore } from './promise-store.js';

const ofJob = statement(
  'promise-of-job',
  `select p.made_at as "madeAt", p.point, p.basis, p.p50, p.p90, o.kept from promise p
   left join promise_outcome o on o.job_id = p.job_id and o.kind = 'first'
   where p.job_id = $1 order by p.number`,
);
const calibration = statement(
  'promise-calibration',
  `select class, kind, count(*) as promises, count(*) filter (where kept) as kept, count(*) filter (where within_p50) as "withinP50",
     count(*) filter (where abs(error_seconds) <= 60) as "withinMinute",
     percentile_disc(0.5) within group (order by abs(error_seconds)) as "medianErrorSeconds"
   from promise_outcome where kept is not null and started_at > $1::timestamptz group by class, kind order by class, kind`,
);

/** @param app opened as chusuan_app, for what belongs to a tenant. @param system opened as chusuan_system, for sums over all. */
export class PostgresPromiseReader implements PromiseReader {
  constructor(
    private readonly app: Database,
    private readonly system: Database,
  ) {}

  async ofJob(principal: Principal, jobId: string): Promise<JobPromises | null> {
    const { rows } = await this.app.asPrincipal(principal, (session) =>
      session.query<PromiseView & { kept: boolean | null } & Record<string, unknown>>(ofJob, [jobId]),
    );
    const first = rows[0];
    const latest = rows.at(-1);
    if (!first || !latest) return null;
    return { first, latest, kept: first.kept };
  }

  async calibration(since: Instant): Promise<readonly Calibration[]> {
    const { rows } = await this.system.query<Calibration & Record<string, unknown>>(calibration, [timestamptz(since)]);
    return rows;
  }

  residuals(): Promise<readonly ResidualWindow[]> {
    return new PostgresPromiseStore(this.system).residuals();
  }
}
