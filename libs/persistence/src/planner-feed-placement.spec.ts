import type { Delta } from '#libs/scheduling';
import { type FreshDatabase, aPool, aTenant, freshDatabase, insertRows } from '#libs/testing';
import { openDatabase, type Database } from './database.js';
import { PostgresPlannerFeed } from './planner-feed.js';
import { PostgresLatencyStore } from './latency-store.js';
import { PostgresPowerCapStore } from './power-cap-store.js';

const t0 = Date.parse('2026-11-24T09:30:00+08:00');
const HOUR = 3_600_000;

let fresh: FreshDatabase;
let system: Database;
beforeAll(async () => {
  fresh = await freshDatabase();
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 4 });
  await insertRows(system, { tenants: [aTenant('blue')], pools: [aPool('one'), aPool('two')] });
});
afterAll(async () => {
  await system?.close();
  await fresh?.drop();
});

const pictured = (at: number) => new PostgresPlannerFeed(system).cold(at);
async function deltasOf(feed: PostgresPlannerFeed, cursor: string, now: number) {
  const news = await feed.since(cursor, now);
  if (news.kind === 'lost') throw new Error('the feed lost its follower');
  return news;
}

describe('what a pool is', () => {
  it('groups tell their watts, and their blocks where the seeds do', async () => {
    await system.query(`update node_group set facts = '{"nodesPerBlock": {"value": 3}}' where id = 'one-a'`);
    const { groups } = (await pictured(t0)).snapshot;
    expect(groups.find(({ id }) => id === 'one-a')).toMatchObject({
      watts: { idle: 1000, peak: 5000 },
      blocks: [0, 0, 0, 1],
    });
    expect(groups.find(({ id }) => id === 'two-a')).not.toHaveProperty('blocks');
  });

  it('pools tell whose they are', async () => {
    await system.query(`update pool set facts = '{"tenants": ["blue"]}' where id = 'one'`);
    const { pools } = (await pictured(t0)).snapshot;
    expect(pools[0]).toMatchObject({ id: 'one', tenants: ['blue'] });
    expect(pools[1]).not.toHaveProperty('tenants');
  });

  it('every two sites of a link reach each other', async () => {
    expect((await pictured(t0)).snapshot).not.toHaveProperty('links');
    await system.query(
      `insert into reference (kind, id, position, body, seed_hash) values ('links', 'ring', 0, $1, '')`,
      [JSON.stringify({ id: 'ring', siteIds: ['a', 'b', 'c'], gbitPerSecond: { value: 10 } })],
    );
    expect((await pictured(t0)).snapshot.links).toEqual([
      { fromSiteId: 'a', toSiteId: 'b', gbitPerSecond: 10 },
      { fromSiteId: 'a', toSiteId: 'c', gbitPerSecond: 10 },
      { fromSiteId: 'b', toSiteId: 'c', gbitPerSecond: 10 },
    ]);
  });
});

describe('power caps', () => {
  const caps = () => new PostgresPowerCapStore(system);
  const cap = (id: string, from: number, until: number) => ({
    id, siteId: 'one-site', from, until, watts: 30_000, reason: 'heat', createdAt: t0, createdBy: 'key:x',
  }); // prettier-ignore
  const ids = ['00000000-0000-7000-8000-0000000000c1', '00000000-0000-7000-8000-0000000000c2'] as const;

  it('set and lifted are told; what is over is not told to who starts cold', async () => {
    const feed = new PostgresPlannerFeed(system);
    let { cursor } = await feed.cold(t0);
    await caps().set(cap(ids[0], t0 + 1, t0 + HOUR));
    await caps().set(cap(ids[1], t0 - HOUR, t0));
    const model = { id: ids[0], siteId: 'one-site', from: t0 / 1000, until: (t0 + HOUR) / 1000, watts: 30_000 };
    const set = await deltasOf(feed, cursor, t0);
    ({ cursor } = set);
    expect(set.deltas).toContainEqual({ kind: 'power-cap-set', cap: model });
    expect((await pictured(t0)).snapshot.powerCaps).toEqual([model]);
    expect((await caps().list(t0)).map(({ id }) => id)).toEqual([ids[0]]);
    expect(await caps().lift(ids[0], t0 + 5, 'key:x')).toBe(true);
    expect(await caps().lift(ids[0], t0 + 6, 'key:x')).toBe(false);
    expect((await deltasOf(feed, cursor, t0)).deltas).toEqual([{ kind: 'power-cap-gone', capId: ids[0] }]);
    expect((await pictured(t0)).snapshot).not.toHaveProperty('powerCaps');
    expect(await caps().list(t0)).toEqual([]);
  });

  it('are written into the audit', async () => {
    const { rows } = await system.query<{ action: string }>(
      `select action from audit_record where subject = $1 order by at, action`,
      [ids[0]],
    );
    expect(rows.map(({ action }) => action)).toEqual(['power-cap.set', 'power-cap.lift']);
  });
});

describe('latency', () => {
  const probe = (oneWayMs: number, at: number, fromDistrict = 'echeng') => ({
    fromDistrict,
    poolId: 'two',
    oneWayMs,
    method: 'twamp',
    at,
  });
  const latencyOf = (delta: Delta | undefined) =>
    delta?.kind === 'pool-changed' ? [delta.pool.id, delta.pool.latencyMs, delta.pool.latencyBasis] : delta;

  it('probes change a pool at once: the median of the fresh ones; stale ones fall back when the hour turns', async () => {
    const store = new PostgresLatencyStore(system);
    const feed = new PostgresPlannerFeed(system);
    let { cursor, snapshot } = await feed.cold(t0);
    expect(snapshot.pools[1]).toMatchObject({ latencyMs: { echeng: 2 } });
    expect(snapshot.pools[1]).not.toHaveProperty('latencyBasis');
    await store.record(
      [probe(5, t0 - HOUR), probe(0.8, t0 - HOUR), probe(1.2, t0), probe(4, t0, 'wuhan-donghu')],
      'key:x',
      t0,
    );
    const told = await deltasOf(feed, cursor, t0);
    const measured = { echeng: 1.2, 'wuhan-donghu': 4 };
    expect(told.deltas.map(latencyOf)).toEqual([['two', measured, { echeng: 'measured', 'wuhan-donghu': 'measured' }]]);
    ({ cursor, snapshot } = await feed.cold(t0));
    expect(snapshot.pools[1]).toMatchObject({ latencyMs: measured });

    // 09:30 yesterday stays fresh until ten o'clock; the two of 08:30 are gone by nine.
    expect((await deltasOf(feed, cursor, t0 + 23 * HOUR)).deltas).toEqual([]);
    const thinned = await deltasOf(feed, cursor, t0 + 24 * HOUR);
    expect(thinned.deltas.map(latencyOf)).toEqual([
      ['two', measured, { echeng: 'measured', 'wuhan-donghu': 'measured' }],
    ]);
    const stale = await deltasOf(feed, cursor, t0 + 24.5 * HOUR);
    expect(stale.deltas.map(latencyOf)).toEqual([['two', { echeng: 2 }, { echeng: 'stale', 'wuhan-donghu': 'stale' }]]);
    expect((await pictured(t0 + 24.5 * HOUR)).snapshot.pools[1]).toMatchObject({ latencyMs: { echeng: 2 } });
    expect((await deltasOf(feed, stale.cursor, t0 + 25 * HOUR)).deltas).toEqual([]);
  });

  it('probes count as long as the policy says, for who follows and for who starts cold', async () => {
    const feed = new PostgresPlannerFeed(system, { staleSeconds: () => 900 });
    const { cursor, snapshot } = await feed.cold(t0 + 0.4 * HOUR);
    expect(snapshot.pools[1]).toMatchObject({ latencyBasis: { echeng: 'measured', 'wuhan-donghu': 'measured' } });
    const stale = ['two', { echeng: 2 }, { echeng: 'stale', 'wuhan-donghu': 'stale' }];
    expect((await deltasOf(feed, cursor, t0 + 0.6 * HOUR)).deltas.map(latencyOf)).toEqual([stale]);
    expect((await feed.cold(t0 + 0.6 * HOUR)).snapshot.pools[1]).toMatchObject({ latencyBasis: stale[2] });
  });

  it('old probes are forgotten when new ones come', async () => {
    const later = t0 + 9 * 24 * HOUR;
    await new PostgresLatencyStore(system).record([probe(3, later)], 'key:x', later);
    const { rows } = await system.query<{ from_district: string }>(
      'select from_district from latency_probe order by 1',
    );
    expect(rows.map((row) => row.from_district)).toEqual(['echeng', 'wuhan-donghu']);
  });
});
