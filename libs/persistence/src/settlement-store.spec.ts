import { HOUR_MS, SECOND_MS } from '#libs/domain';
import { type HourSettlement, type NodeUse, type SupplyHour, settleHour } from '#libs/energy';
import { type FreshDatabase, aPool, freshDatabase, runWork, seedMinimal, tenantKey, testEpoch } from '#libs/testing';
import { PostgresAttemptStore } from './attempt-store.js';
import { PostgresCatalogueReader } from './catalogue-reader.js';
import { type Database, openDatabase, timestamptz } from './database.js';
import { PostgresMetricsReader } from './metrics-reader.js';
import { PostgresSettlementStore } from './settlement-store.js';

const hour = testEpoch;
let fresh: FreshDatabase;
let system: Database;
let app: Database;
let store: PostgresSettlementStore;
beforeEach(async () => {
  fresh = await freshDatabase();
  await seedMinimal(fresh.url, {
    pools: [aPool('pinned', { siteId: 'here' }), aPool('delegated', { siteId: 'here', placement: 'delegated' })],
  });
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 3 });
  app = openDatabase(fresh.url, { role: 'chusuan_app', max: 2 });
  store = new PostgresSettlementStore(system);
});
afterEach(async () => {
  await app.close();
  await system.close();
  await fresh.drop();
});
const startClock = (origin: number) =>
  system.query('insert into service_clock values (1, $1, $1, 1, $1)', [timestamptz(origin)]);
const end = (attemptId: string, startedAt: number, endedAt: number, outcome: 'completed' | 'failed' = 'completed') =>
  new PostgresAttemptStore(system).ended([{ attemptId, outcome, startedAt, endedAt, exitCode: 0 }]);

const supplyOf = (from: number): SupplyHour => ({
  from,
  directPvWatts: 3_000,
  hydroDirectShare: 0,
  storageWatts: 0,
  contractWatts: 2_000,
  gridGreenShare: 0.4,
  locationGramsPerKwh: 500,
  marketGramsPerKwh: 600,
  price: {
    period: 'flat',
    gridYuanPerKwh: 0.6,
    components: {
      energyYuanPerKwh: 0.4,
      transmissionYuanPerKwh: 0.1,
      systemOperationYuanPerKwh: 0.05,
      governmentFundYuanPerKwh: 0.05,
    },
    directYuanPerKwh: 0.4,
  },
  contractYuanPerKwh: 0.65,
});
/** The hour as the use case would settle it, from what the store says was occupied. */
async function settled(from: number): Promise<HourSettlement> {
  const occupied = await store.occupancy('here', from);
  const uses = occupied.map((use): NodeUse => {
    return { ...use, jobClass: use.class as NodeUse['jobClass'], to: use.until ?? from + HOUR_MS };
  });
  const groups = ['pinned', 'delegated'].map((poolId) => ({
    groupId: `${poolId}-a`,
    poolId,
    nodes: 4,
    shape: { cards: 8, cores: 64, memoryGiB: 512 },
    power: { idleWatts: 1000, peakWatts: 5000, exponent: 1 },
  }));
  return settleHour({ siteId: 'here', supply: supplyOf(from), pue: 1.25, groups, uses });
}

describe('what is due', () => {
  it('is nothing before service time has begun', async () => {
    expect(await store.due()).toEqual([]);
  });

  it('is the hour in which it began, then each next one; observed as far as the slowest pool', async () => {
    await startClock(hour + 20 * 60 * SECOND_MS);
    const site = { siteId: 'here', poolIds: ['delegated', 'pinned'] };
    expect(await store.due()).toEqual([{ ...site, nextHour: hour, observedUntil: null }]);
    await system.query(
      `update pool set observed_at = case id when 'pinned' then $1::timestamptz else $2::timestamptz end`,
      [timestamptz(hour + 5_000), timestamptz(hour + 9_000)],
    );
    await store.append(await settled(hour));
    expect(await store.due()).toEqual([{ ...site, nextHour: hour + HOUR_MS, observedUntil: hour + 5_000 }]);
  });
});

describe('what is due of a site that was off', () => {
  const switchedOn = (poolId: string, at: number) =>
    system.query('update pool set enabled_since = $2 where id = $1', [poolId, timestamptz(at)]);
  const nextHour = async (): Promise<number | undefined> => (await store.due())[0]?.nextHour;

  it('begins with the hour in which its first pool was switched on', async () => {
    await startClock(hour);
    await switchedOn('pinned', hour + 50 * HOUR_MS + 1);
    await switchedOn('delegated', hour + 72 * HOUR_MS);
    expect(await nextHour()).toBe(hour + 50 * HOUR_MS);
  });

  it('leaves out the hours between two times that it was on, and does not settle one twice', async () => {
    await startClock(hour);
    await store.append(await settled(hour));
    for (const pool of ['pinned', 'delegated']) await switchedOn(pool, hour + 50 * HOUR_MS + 1);
    expect(await nextHour()).toBe(hour + 50 * HOUR_MS);
    for (const pool of ['pinned', 'delegated']) await switchedOn(pool, hour + 30 * 60 * SECOND_MS);
    expect(await nextHour()).toBe(hour + HOUR_MS);
  });

  it('does not move with the origin of a clock that resumes', async () => {
    await startClock(hour + 50 * HOUR_MS);
    for (const pool of ['pinned', 'delegated']) await switchedOn(pool, hour);
    expect(await nextHour()).toBe(hour);
  });
});

describe('occupancy of an hour', () => {
  const cases: Record<string, { startedAt: number | null; endedAt?: number; want: number }> = {
    'work that runs through it is in it': { startedAt: hour - HOUR_MS, want: 1 },
    'work that ended in it is in it': { startedAt: hour - 5_000, endedAt: hour + 5_000, want: 1 },
    'work that ended after it is in it': { startedAt: hour + 5_000, endedAt: hour + 2 * HOUR_MS, want: 1 },
    'work that ended as it began is not': { startedAt: hour - 5_000, endedAt: hour, want: 0 },
    'work that starts as it ends is not': { startedAt: hour + HOUR_MS, want: 0 },
    'work that was placed and has not started is not': { startedAt: null, want: 0 },
  };
  it.each(Object.entries(cases))('%s', async (_sentence, { startedAt, endedAt, want }) => {
    const work = await runWork(system, { placedAt: hour - HOUR_MS, startedAt, nodeIndices: [1] });
    if (endedAt !== undefined && startedAt !== null) await end(work.attemptId, startedAt, endedAt);
    const occupied = await store.occupancy('here', hour);
    const row = {
      attemptId: work.attemptId,
      jobId: work.jobId,
      tenantId: 'blue',
      class: 'training',
      poolId: 'pinned',
      groupId: 'pinned-a',
      nodeId: 'pinned-a-0002',
      cards: 8,
      cores: 64,
      from: startedAt,
      until: endedAt ?? null,
    };
    expect(occupied).toEqual(Array.from({ length: want }, () => row));
  });

  it('counts nodes that a delegated engine has not told, each under a name of its own', async () => {
    await runWork(system, { poolId: 'delegated', nodes: 2, nodeIndices: [] });
    const occupied = await store.occupancy('here', hour);
    expect([occupied.length, new Set(occupied.map(({ nodeId }) => nodeId)).size]).toEqual([2, 2]);
  });

  it('is that of the site alone', async () => {
    await runWork(system);
    expect(await store.occupancy('elsewhere', hour)).toEqual([]);
  });
});

describe('a settled hour', () => {
  it('is kept to the last joule, once', async () => {
    await runWork(system, { nodeIndices: [0, 1] });
    await runWork(system, { poolId: 'delegated', tenantId: 'green', nodeIndices: [2] });
    const settlement = await settled(hour);
    expect([await store.append(settlement), await store.append(settlement)]).toEqual([true, false]);
    const { rows } = await system.query(
      `select (select sum(it_j + overhead_j) from settlement_hour) as lines, (select sum(facility_j) from settlement_pool_hour) as pools,
        (select sum(facility_j) from settlement_site_hour) as site, (select sum(facility_j) from settled_pool_total) as total,
        (select sum(green_available_j) from settlement_pool_hour) as offered, (select count(*) from settlement_hour) as count`,
    );
    const all = settlement.site.facilityJoules;
    expect(rows).toEqual([
      { lines: all, pools: all, site: all, total: all, offered: settlement.site.stack.availableGreenJoules, count: 4 },
    ]);
  });

  it('is written by one of two that settle it at once', async () => {
    const settlement = await settled(hour);
    const written = await Promise.all([store.append(settlement), store.append(settlement), store.append(settlement)]);
    expect(written.filter(Boolean)).toHaveLength(1);
    const { rows } = await system.query('select sum(facility_j) as total from settled_pool_total');
    expect(rows).toEqual([{ total: settlement.site.facilityJoules }]);
  });

  it('shows in pools, in settlements page by page, and in the use of its tenants alone', async () => {
    const reader = new PostgresCatalogueReader(app, system);
    await startClock(hour);
    await runWork(system, { nodeIndices: [0] });
    const settlement = await settled(hour);
    await store.append(settlement);
    await store.append(await settled(hour + HOUR_MS));
    const pinned = settlement.pools.find(({ poolId }) => poolId === 'pinned');

    const filter = { from: hour, until: hour + 2 * HOUR_MS, limit: 3 };
    const first = await reader.settlements({ ...filter, after: null });
    const second = await reader.settlements({ ...filter, after: first.nextCursor });
    expect([...first.items, ...second.items].map((item) => [item.hour, item.poolId])).toEqual([
      [hour, 'delegated'],
      [hour, 'pinned'],
      [hour + HOUR_MS, 'delegated'],
      [hour + HOUR_MS, 'pinned'],
    ]);
    expect(second.nextCursor).toBeNull();
    expect(first.items[1]).toMatchObject({
      siteId: 'here',
      facilityJoules: pinned?.facilityJoules,
      greenMatchedJoules: pinned?.greenMatchedJoules,
      costMicroYuan: pinned?.costMicroYuan,
      gridGreenShare: 0.4,
      gramsPerKwh: 500,
      yuanPerKwh: 0.6,
      estimated: true,
    });

    expect((await reader.pool('pinned'))?.lastHour).toMatchObject({
      hour: hour + HOUR_MS,
      facilityJoules: pinned?.facilityJoules,
      greenShareHourMatched: Number(pinned?.greenMatchedJoules) / Number(pinned?.facilityJoules),
      greenShareGridAverage: 0.4,
    });

    const use = await reader.usage(tenantKey('blue'), 'blue', hour, hour + 2 * HOUR_MS);
    expect(use).toMatchObject({
      settledUntil: hour + 2 * HOUR_MS,
      cardSeconds: 2 * 8 * 3600,
      coreSeconds: 2 * 64 * 3600,
      jobs: { running: 1 },
    });
    const line = settlement.lines.find(({ subject }) => subject.kind === 'attempt');
    expect(use?.facilityJoules).toBe(2n * (line?.facilityJoules ?? 0n));
    expect(await reader.usage(tenantKey('green'), 'blue', hour, hour + HOUR_MS)).toBeNull();
    expect((await reader.usage(tenantKey('green'), 'green', hour, hour + HOUR_MS))?.cardSeconds).toBe(0);
    await expect(reader.settlements({ ...filter, after: 'rubbish' })).rejects.toThrow(/no cursor/);
  });
});

describe('what the exporter reads', () => {
  const read = () => new PostgresMetricsReader(system);

  it('of an empty service is empty, with zeros where a series must not be missing', async () => {
    const metrics = read();
    expect(await metrics.jobsByState()).toEqual([]);
    expect(await metrics.outboxPending()).toEqual({ dispatch: 0, cancel: 0 });
    expect(await metrics.overcommits()).toEqual([
      { pool: 'delegated', nodes: 0 },
      { pool: 'pinned', nodes: 0 },
    ]);
    expect(await metrics.lease()).toEqual({ holder: '', epoch: 0 });
    expect(await metrics.lastCycle()).toBeNull();
    expect(await metrics.engines()).toEqual([
      { pool: 'delegated', engine: 'simulated', reachable: true, observedWallMs: null },
      { pool: 'pinned', engine: 'simulated', reachable: true, observedWallMs: null },
    ]);
  });

  it('of energy is what was settled, the tenants never more than the pool', async () => {
    await runWork(system, { nodeIndices: [0] });
    const settlement = await settled(hour);
    await store.append(settlement);
    const pinned = settlement.pools.find(({ poolId }) => poolId === 'pinned');
    const row = (await read().energy()).find(({ pool }) => pool === 'pinned');
    expect(row).toMatchObject({
      itJoules: Number(pinned?.itJoules),
      facilityJoules: Number(pinned?.facilityJoules),
      estimatedRatio: 1,
    });
    expect((row?.direct ?? 0) + (row?.storage ?? 0) + (row?.contract ?? 0) + (row?.grid ?? 0)).toBe(
      Number(pinned?.facilityJoules),
    );
    expect(row?.costYuan).toBeCloseTo(Number(pinned?.costMicroYuan) / 1e6, 6);
    const [tenant] = await read().tenantEnergy();
    expect(tenant).toMatchObject({ tenant: 'blue', pool: 'pinned' });
    expect(tenant?.joules).toBeLessThan(Number(pinned?.facilityJoules));
    expect(await read().acceleratorSeconds()).toEqual([
      { pool: 'pinned', model: 'card-a', class: 'training', tenant: 'blue', cardSeconds: 8 * 3600 },
    ]);
  });
});

describe('what the exporter reads of jobs', () => {
  const read = () => new PostgresMetricsReader(system);

  it('is counted by where they are', async () => {
    const done = await runWork(system, { nodeIndices: [0] });
    await end(done.attemptId, hour, hour + 60_000);
    const failed = await runWork(system, { nodeIndices: [0] });
    await end(failed.attemptId, hour, hour + 10_000, 'failed');
    await runWork(system, { nodeIndices: [1] });
    const metrics = read();
    expect(await metrics.jobsByState()).toEqual([{ pool: 'pinned', class: 'training', state: 'running', jobs: 1 }]);
    expect(await metrics.jobsFinished()).toEqual([
      { pool: 'pinned', class: 'training', outcome: 'completed', jobs: 1 },
      { pool: 'pinned', class: 'training', outcome: 'failed', jobs: 1 },
    ]);
    expect(await metrics.jobsSubmitted()).toEqual([{ class: 'training', channel: 'api', jobs: 3 }]);
    expect(await metrics.lostSeconds()).toEqual([
      { pool: 'pinned', model: 'card-a', reason: 'failed', cardSeconds: 80 },
    ]);
  });

  it('that wait is their demand, their age and why', async () => {
    const work = await runWork(system, { startedAt: null });
    await system.query(
      `update job set state = 'queued', request = '{"resources": {"acceleratorModels": ["card-a"]}}' where id = $1`,
      [work.jobId],
    );
    await system.query(
      `insert into job_verdict (job_id, tenant_id, refusal, basis, evidence, cycle, decided_at) values ($1, 'blue', 'no-free-nodes', 'none', '{}', 1, now())`,
      [work.jobId],
    );
    const metrics = read();
    expect(await metrics.queuedDemand()).toEqual([{ class: 'training', model: 'card-a', cards: 8 }]);
    expect(await metrics.oldestQueued()).toEqual([{ pool: '', class: 'training', submittedAt: testEpoch }]);
    expect(await metrics.pendingReasons()).toEqual([{ refusal: 'no-free-nodes', jobs: 1 }]);
    expect(await metrics.outboxPending()).toEqual({ dispatch: 1, cancel: 0 });
  });

  it('shows overcommit by summing what lives, not by the counts that were to prevent it', async () => {
    await runWork(system, { nodeIndices: [0] });
    await system.query(`update node set used_cards = 0, used_cores = 0, used_memory_gib = 0`);
    await runWork(system, { nodeIndices: [0] });
    expect(await read().overcommits()).toEqual([
      { pool: 'delegated', nodes: 0 },
      { pool: 'pinned', nodes: 1 },
    ]);
  });
});
