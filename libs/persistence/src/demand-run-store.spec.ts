import { randomUUID } from 'node:crypto';
import type { NewJob } from '#libs/application';
import { type FreshDatabase, freshDatabase, seedMinimal } from '#libs/testing';
import { type Database, openDatabase } from './database.js';
import { PostgresDemandRunStore } from './demand-run-store.js';

const origin = Date.parse('2026-11-23T06:00:00.123+08:00');
let fresh: FreshDatabase;
let database: Database;
let store: PostgresDemandRunStore;
beforeAll(async () => {
  fresh = await freshDatabase();
  await seedMinimal(fresh.url);
  database = openDatabase(fresh.url, { role: 'chusuan_system', max: 4 });
  store = new PostgresDemandRunStore(database);
});
afterAll(async () => {
  await database?.close();
  await fresh?.drop();
});

const aRun = (id: string) => ({ id, kind: 'sample', spec: { seed: 'spec', of: { warmUp: true } }, origin }) as const;
const aJob = (named: Partial<NewJob> = {}): NewJob => ({
  id: randomUUID(),
  tenantId: 'blue',
  name: '样例',
  class: 'training',
  priority: 2,
  request: {},
  nodes: 1,
  perNode: { cards: 1, cores: 4, memoryGiB: 16 },
  limitSeconds: 900,
  predictedSeconds: 900,
  submittedAt: origin,
  channel: 'sample',
  sample: true,
  ...named,
});
const jobsNamed = async (name: string): Promise<number> => {
  const { rows } = await database.query<{ count: number }>(`select count(*) from job where name = $1`, [name]);
  return rows[0]!.count;
};

it('begins a run once and then goes on with it, at its first origin', async () => {
  const first = await store.begin(aRun('begun'));
  await store.advance({ id: 'begun', from: 0, to: 16_384 * 3_600_000, done: false }, []);
  const again = await store.begin({ ...aRun('begun'), origin: origin + 1 });
  expect(first).toEqual({ kind: 'begun', resumed: false, origin, cursor: 0, done: false });
  expect(again).toEqual({ kind: 'begun', resumed: true, origin, cursor: 16_384 * 3_600_000, done: false });
});

it('takes a spec for the same whatever the order of its keys', async () => {
  await store.begin(aRun('keys'));
  const again = await store.begin({ ...aRun('keys'), spec: { of: { warmUp: true }, seed: 'spec' } });
  expect(again.kind).toBe('begun');
});

it('tells of a run that was begun with another spec', async () => {
  await store.begin(aRun('spec'));
  const other = await store.begin({ ...aRun('spec'), spec: { seed: 'other' } });
  expect(other).toEqual({ kind: 'other-spec', spec: { seed: 'spec', of: { warmUp: true } } });
});

it('submits the jobs with the step that moves the cursor', async () => {
  await store.begin(aRun('step'));
  const jobs = [aJob({ name: 'step' }), aJob({ name: 'step', tenantId: 'green' })];
  expect(await store.advance({ id: 'step', from: 0, to: 2, done: true }, jobs)).toEqual({ kind: 'advanced' });
  expect(await jobsNamed('step')).toBe(2);
  expect(await store.begin(aRun('step'))).toMatchObject({ cursor: 2, done: true });
  const { rows } = await database.query(`select channel, sample, submitted_at from job where name = 'step'`);
  expect(rows).toEqual(Array.from({ length: 2 }, () => ({ channel: 'sample', sample: true, submitted_at: origin })));
});

it('leaves the cursor where it was when a job cannot be inserted', async () => {
  await store.begin(aRun('atomic'));
  const jobs = [aJob({ name: 'atomic' }), aJob({ name: 'atomic', tenantId: 'nobody' })];
  await expect(store.advance({ id: 'atomic', from: 0, to: 2, done: false }, jobs)).rejects.toThrow(/foreign key/);
  expect(await store.begin(aRun('atomic'))).toMatchObject({ cursor: 0 });
  expect(await jobsNamed('atomic')).toBe(0);
});

it('lets one of eight players at once submit a step', async () => {
  await store.begin(aRun('race'));
  const steps = Array.from({ length: 8 }, () =>
    store.advance({ id: 'race', from: 0, to: 5, done: false }, [aJob({ name: 'race' })]),
  );
  const kinds = (await Promise.all(steps)).map((answer) => answer.kind).toSorted();
  expect(kinds).toEqual(['advanced', ...Array.from({ length: 7 }, () => 'moved')]);
  expect(await jobsNamed('race')).toBe(1);
  expect(await store.advance({ id: 'race', from: 0, to: 9, done: false }, [])).toEqual({
    kind: 'moved',
    cursor: 5,
    done: false,
  });
});

it('takes a thousand jobs in a step', async () => {
  await store.begin(aRun('thousand'));
  const jobs = Array.from({ length: 1_000 }, () => aJob({ name: 'thousand' }));
  await store.advance({ id: 'thousand', from: 0, to: 1_000, done: false }, jobs);
  expect(await jobsNamed('thousand')).toBe(1_000);
});

it('refuses a step of a run that has not begun', async () => {
  await expect(store.advance({ id: 'nothing', from: 0, to: 1, done: false }, [])).rejects.toThrow(
    /no demand run nothing/,
  );
});
