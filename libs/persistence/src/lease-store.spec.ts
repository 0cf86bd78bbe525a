import { type FreshDatabase, freshDatabase } from '#libs/testing';
import { openDatabase, type Database } from './database.js';
import { PostgresLeaseStore } from './lease-store.js';

const LONG_MS = 600_000;

let fresh: FreshDatabase;
let system: Database;
let lease: PostgresLeaseStore;
beforeAll(async () => {
  fresh = await freshDatabase();
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 10 });
  lease = new PostgresLeaseStore(system);
});
beforeEach(() => system.query(`update lease set holder = '', epoch = 0, expires_wall = '-infinity'`));
afterAll(async () => {
  await system?.close();
  await fresh?.drop();
});
const runOut = () => system.query(`update lease set expires_wall = clock_timestamp() - interval '1 second'`);

it('has one leader of ten that ask at once, and the others learn its epoch', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => lease.acquire(`scheduler-${i}`, LONG_MS)));
  expect(answers.filter((answer) => answer.leading)).toHaveLength(1);
  expect(new Set(answers.map((answer) => answer.epoch))).toEqual(new Set([1]));
});

it('keeps the epoch while one holder renews, even late, and raises it by one at each change', async () => {
  expect(await lease.acquire('a', LONG_MS)).toEqual({ leading: true, epoch: 1 });
  expect(await lease.acquire('a', LONG_MS)).toEqual({ leading: true, epoch: 1 });
  expect(await lease.acquire('b', LONG_MS)).toEqual({ leading: false, epoch: 1 });
  await runOut();
  expect(await lease.acquire('a', LONG_MS)).toEqual({ leading: true, epoch: 1 });
  await runOut();
  expect(await lease.acquire('b', LONG_MS)).toEqual({ leading: true, epoch: 2 });
  expect(await lease.acquire('a', LONG_MS)).toEqual({ leading: false, epoch: 2 });
});

it('is free at once when its holder lets go, and only its holder can', async () => {
  await lease.acquire('a', LONG_MS);
  await lease.release('b');
  expect(await lease.acquire('b', LONG_MS)).toEqual({ leading: false, epoch: 1 });
  await lease.release('a');
  expect(await lease.acquire('b', LONG_MS)).toEqual({ leading: true, epoch: 2 });
});
