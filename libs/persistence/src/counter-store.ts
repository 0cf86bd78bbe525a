import type { CounterStore } from '#libs/application';
import { canonicalJson } from './canonical-json.js';
import { statement, type Database } from './database.js';

// One row a counter, in key order, so that two processes that add the same counters never wait for each other in a circle.
const addAll = statement(
  'counter-add',
  `insert into counter (name, labels, value)
   select name, labels, sum(by) from unnest($1::text[], $2::text[], $3::float8[]) as i(name, labels, by)
   group by name, labels order by name, labels
   on conflict (name, labels) do update set value = counter.value + excluded.value`,
);

/** Takes a database opened as chusuan_system. */
export class PostgresCounterStore implements CounterStore {
  constructor(private readonly database: Database) {}

  /** Throws RangeError when an increment is negative or no number: a counter never goes down. */
  async add(increments: Parameters<CounterStore['add']>[0]): Promise<void> {
    if (increments.length === 0) return;
    const unfit = increments.find(({ by }) => !(by >= 0 && Number.isFinite(by)));
    if (unfit)
      throw new RangeError(`Counter ${unfit.name} cannot grow by ${unfit.by}: give a finite amount of zero or more`);
    await this.database.query(addAll, [
      increments.map(({ name }) => name),
      increments.map(({ labels }) => canonicalJson(labels)),
      increments.map(({ by }) => by),
    ]);
  }
}
