import type { LeaseStore } from '#libs/application';
import { statement, type Database } from './database.js';

// Both times are the server's, so that no two machines need to agree on the hour. A holder whose lease ran out and was taken by
// nobody goes on under its epoch: nothing can have been committed in between.
const take = statement(
  'lease-take',
  `update lease set epoch = case when holder = $1::text then epoch else epoch + 1 end, holder = $1::text,
     expires_wall = clock_timestamp() + $2::float8 * interval '1 millisecond'
   where name = 'scheduler' and (holder = $1::text or expires_wall <= clock_timestamp()) returning epoch`,
);
const read = statement('lease-read', `select epoch from lease where name = 'scheduler'`);
const giveUp = statement(
  'lease-release',
  `update lease set holder = '', expires_wall = '-infinity' where name = 'scheduler' and holder = $1::text`,
);

/** Who leads is a hint; the epoch in each commit is the guard (DESIGN.md 4). Takes a database opened as chusuan_system. */
export class PostgresLeaseStore implements LeaseStore {
  constructor(private readonly database: Database) {}

  /** `holder` names one process of one life: a restarted process that keeps its name would keep its epoch. */
  async acquire(holder: string, ttlMs: number): Promise<{ readonly leading: boolean; readonly epoch: number }> {
    if (holder === '') throw new Error('A lease needs a holder: give a name that no other process has');
    const taken = await this.database.query<{ epoch: number }>(take, [holder, ttlMs]);
    if (taken.rows[0]) return { leading: true, epoch: taken.rows[0].epoch };
    const { rows } = await this.database.query<{ epoch: number }>(read);
    if (!rows[0]) throw new Error('The row "scheduler" of table lease is gone: run the migrations on this database');
    return { leading: false, epoch: rows[0].epoch };
  }

  async release(holder: string): Promise<void> {
    await this.database.query(giveUp, [holder]);
  }
}
