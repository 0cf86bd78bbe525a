import type { Advanced, BegunRun, DemandRun, DemandRunStore, DemandStep, NewJob } from '#libs/application';
import { PostgresBulkSubmit } from './bulk-submit.js';
import { type Database, timestamptz } from './database.js';

interface RunRow {
  readonly origin: number;
  readonly cursor: number;
  readonly done: boolean;
  readonly spec: unknown;
  readonly same_spec: boolean;
}

/** Takes a database opened as chusuan_system: it submits for many tenants at once. */
export class PostgresDemandRunStore implements DemandRunStore {
  constructor(private readonly database: Database) {}

  async begin({ id, kind, spec, origin }: DemandRun): Promise<BegunRun> {
    const text = JSON.stringify(spec);
    const { rowCount } = await this.database.query(
      `insert into demand_run (id, kind, spec, origin) values ($1, $2, $3::jsonb, $4) on conflict (id) do nothing`,
      [id, kind, text, timestamptz(origin)],
    );
    const { rows } = await this.database.query<RunRow>(
      `select origin, cursor, done, spec, spec = $2::jsonb as same_spec from demand_run where id = $1`,
      [id, text],
    );
    const run = rows[0];
    if (!run) throw new Error(`The demand run ${id} was deleted while it began: begin it again`);
    if (!run.same_spec) return { kind: 'other-spec', spec: run.spec };
    return { kind: 'begun', resumed: rowCount === 0, origin: run.origin, cursor: run.cursor, done: run.done };
  }

  /** Throws for an id that has not begun. */
  async advance({ id, from, to, done }: DemandStep, jobs: readonly NewJob[]): Promise<Advanced> {
    return this.database.transaction(async (session) => {
      // The row's lock makes a second player wait here, and then find the cursor moved.
      const { rowCount } = await session.query(
        `update demand_run set cursor = $3, done = $4 where id = $1 and cursor = $2 and not done`,
        [id, from, to, done],
      );
      if (rowCount === 1) {
        await new PostgresBulkSubmit(session).submitAll(jobs);
        return { kind: 'advanced' };
      }
      const { rows } = await session.query<RunRow>(`select cursor, done from demand_run where id = $1`, [id]);
      const run = rows[0];
      if (!run) throw new Error(`There is no demand run ${id}: begin it before its jobs are submitted`);
      return { kind: 'moved', cursor: run.cursor, done: run.done };
    });
  }
}
