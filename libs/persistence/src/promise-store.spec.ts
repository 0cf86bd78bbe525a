import { KeepPromises, type ScoredPromise } from '#libs/application';
import { type FreshDatabase, aNewJob, aTenant, aUuid, freshDatabase, insertRows, tenantKey } from '#libs/testing';
import { PostgresBulkSubmit } from './bulk-submit.js';
import { openDatabase, type Database } from './database.js';
import { PostgresPromiseReader } from './promise-reader.js';
import { PostgresPromiseStore } from './promise-store.js';

const t0 = Date.parse('2026-11-24T09:00:00+08:00');
const now = t0 / 1000;
const HOUR = 3600;

let fresh: FreshDatabase;
let system: Database;
let app: Database;
let store: PostgresPromiseStore;
let reader: PostgresPromiseReader;
let scored: ScoredPromise[];
let keeper: KeepPromises;
let epoch: number;
beforeAll(async () => {
  fresh = await freshDatabase();
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 4 });
  app = openDatabase(fresh.url, { role: 'chusuan_app', max: 2 });
  store = new PostgresPromiseStore(system);
  reader = new PostgresPromiseReader(app, system);
  await insertRows(system, { tenants: [aTenant('blue'), aTenant('green')] });
  const { rows } = await system.query<{ epoch: number }>(`select epoch from lease where name = 'scheduler'`);
  epoch = rows[0]!.epoch;
});
beforeEach(async () => {
  for (const table of ['promise_outcome', 'promise_due', 'promise', 'residual_window'])
    await system.query(`delete from ${table}`);
  scored = [];
  keeper = new KeepPromises(store, { promised: (outcome) => void scored.push(outcome) });
});
afterAll(async () => {
  await system?.close();
  await app?.close();
  await fresh?.drop();
});

async function queued(count = 1): Promise<string[]> {
  const ids = Array.from({ length: count }, () => aUuid());
  await new PostgresBulkSubmit(system).submitAll(
    ids.map((id) => aNewJob({ id, tenantId: 'blue', class: 'training', submittedAt: t0 })),
  );
  return ids;
}
const news = (ids: readonly string[], estimatedStart: number | null) =>
  ids.map((jobId) => ({
    jobId,
    estimatedStart,
    basis: estimatedStart === null ? ('none' as const) : ('reservation' as const),
    evidence: { nodesConsidered: 1, filteredBy: {}, best: null, ahead: 2 },
  }));
async function start(ids: readonly string[], at: number): Promise<void> {
  await system.query(`update job set state = 'placed' where id = any ($1::uuid[]) and state = 'queued'`, [ids]);
  await system.query(`update job set state = 'running', started_at = to_timestamp($2) where id = any ($1::uuid[])`, [
    ids,
    at,
  ]);
}
const cycle = (at: number, of: ReturnType<typeof news> = []) => keeper.execute({ epoch, now: at, news: of });
/** Twenty jobs that started where the plan said: enough to name intervals. */
async function calibrated(): Promise<void> {
  const ids = await queued(20);
  await cycle(now, news(ids, now + HOUR));
  await start(ids, now + HOUR);
  await cycle(now + HOUR);
}
const countOf = async (table: string): Promise<number> =>
  (await system.query<{ count: number }>(`select count(*) as count from ${table}`)).rows[0]!.count;

describe('promises', () => {
  it('name no interval before 20 starts are known, and are not scored then', async () => {
    await calibrated();
    expect(scored).toEqual([]);
    expect(await reader.calibration(t0)).toEqual([]);
    expect(await countOf('promise_outcome')).toBe(40);
    expect((await store.residuals()).map(({ key, residuals }) => [key, residuals.length])).toEqual([
      ['all', 20], ['reservation', 20], ['training/reservation', 20], ['training/reservation/1', 20],
    ]); // prettier-ignore
  });

  it('name one after that, are scored once, and a restarted keeper goes on from the database', async () => {
    await calibrated();
    keeper = new KeepPromises(store, { promised: (outcome) => void scored.push(outcome) });
    const [id] = await queued();
    await cycle(now, news([id!], now + 2 * HOUR));
    expect(await reader.ofJob(tenantKey('blue'), id!)).toMatchObject({
      kept: null,
      first: { madeAt: t0, point: t0 + 2 * HOUR * 1000, p50: t0 + 2 * HOUR * 1000, p90: t0 + 2 * HOUR * 1000 },
    });
    await start([id!], now + 2 * HOUR + 30);
    await cycle(now + 3 * HOUR);
    await cycle(now + 3 * HOUR);
    expect(scored).toEqual(
      ['first', 'last-hour'].map((kind) => ({
        class: 'training',
        kind,
        score: { kept: false, withinP50: false, error: 30, withinMinute: true },
      })),
    );
    expect((await reader.ofJob(tenantKey('blue'), id!))?.kept).toBe(false);
    expect(await reader.calibration(t0)).toEqual(
      ['first', 'last-hour'].map((kind) => ({
        class: 'training', kind, promises: 1, kept: 0, withinP50: 0, withinMinute: 1, medianErrorSeconds: 30,
      })),
    ); // prettier-ignore
  });

  it('are told anew only on a real change, and the last one an hour before the start is counted apart', async () => {
    await calibrated();
    const [id] = await queued();
    await cycle(now, news([id!], now + HOUR));
    await cycle(now + 60, news([id!], now + HOUR + 600));
    expect(await countOf('promise')).toBe(21);
    await cycle(now + 120, news([id!], now + 3 * HOUR));
    await cycle(now + 2 * HOUR + 60, news([id!], now + 9 * HOUR));
    expect(await countOf('promise')).toBe(23);
    await start([id!], now + 3 * HOUR);
    await cycle(now + 3 * HOUR);
    expect(scored.map(({ kind, score }) => [kind, score.error])).toEqual([
      ['first', 2 * HOUR],
      ['last-hour', 0],
    ]);
  });

  it('are not made without a start in sight, nor to a job that no longer waits', async () => {
    const [id] = await queued();
    await cycle(now, news([id!], null));
    await start([id!], now + 1);
    await cycle(now, news([id!, aUuid()], now + HOUR));
    expect(await countOf('promise')).toBe(0);
    expect(await countOf('promise_due')).toBe(0);
  });
});

describe('promises of jobs that do not start', () => {
  it('that lapse are learned while the job still waits, once', async () => {
    await calibrated();
    const [id] = await queued();
    await cycle(now, news([id!], now + HOUR));
    const alpha = async () => (await store.residuals()).find(({ key }) => key === 'all')!.alpha;
    await cycle(now + HOUR);
    expect(await alpha()).toBe(0.1);
    await cycle(now + HOUR + 1);
    expect(await alpha()).toBeCloseTo(0.082, 12);
    await start([id!], now + 2 * HOUR);
    await cycle(now + 2 * HOUR);
    expect(await alpha()).toBeCloseTo(0.082, 12);
    expect(scored.every(({ score }) => !score.kept)).toBe(true);
  });

  it('of a job that was cancelled are neither kept nor broken', async () => {
    await calibrated();
    const [id] = await queued();
    await cycle(now, news([id!], now + HOUR));
    await system.query(`update job set state = 'cancelled', ended_at = to_timestamp($2) where id = $1`, [id, now + 60]);
    await cycle(now + 9 * HOUR);
    expect((await store.residuals()).find(({ key }) => key === 'all')!.alpha).toBe(0.1);
    expect(await store.lapsed(now + 9 * HOUR, 10)).toEqual([]);
  });

  it('belong to the tenant: another one does not see them', async () => {
    const [id] = await queued();
    await cycle(now, news([id!], now + HOUR));
    expect(await reader.ofJob(tenantKey('green'), id!)).toBeNull();
    expect(await reader.ofJob(tenantKey('blue'), id!)).not.toBeNull();
  });

  it('are not written under an epoch that is over', async () => {
    const [id] = await queued();
    await keeper.execute({ epoch: epoch + 1, now, news: news([id!], now + HOUR) });
    expect(await countOf('promise')).toBe(0);
  });
});
