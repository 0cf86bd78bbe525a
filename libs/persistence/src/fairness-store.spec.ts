import { type FreshDatabase, freshDatabase, runWork, seedMinimal } from '#libs/testing';
import { type Database, openDatabase } from './database.js';
import { PostgresFairnessStore, rebaseUsage, tenantShares } from './fairness-store.js';

const DAY = 86_400_000;
const T0 = Date.parse('2026-11-23T00:00:00Z');

let fresh: FreshDatabase;
let system: Database;
let store: PostgresFairnessStore;
beforeEach(async () => {
  fresh = await freshDatabase();
  await seedMinimal(fresh.url);
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 3 });
  store = new PostgresFairnessStore(system);
});
afterEach(async () => {
  await system.close();
  await fresh.drop();
});
const used = async (): Promise<unknown[]> =>
  (await system.query('select id, used_card_seconds, used_as_of, used_half_life_s from tenant order by id')).rows;

it('another half-life leaves what has decayed as it is, and counts from then on', async () => {
  await system.query(`update tenant set used_card_seconds = 800, used_as_of = $1 where id = 'blue'`, [
    new Date(T0 - 14 * DAY),
  ]);
  await rebaseUsage(system, 86_400, T0);
  expect(await used()).toEqual([
    { id: 'blue', used_card_seconds: 400, used_as_of: T0, used_half_life_s: 86_400 },
    { id: 'green', used_card_seconds: 0, used_as_of: null, used_half_life_s: 86_400 },
  ]);
  await rebaseUsage(system, 172_800, T0 + DAY);
  expect(await used()).toMatchObject([{ used_card_seconds: 200, used_as_of: T0 + DAY }, {}]);
  expect((await store.books(T0 + DAY)).halfLifeSeconds).toBe(172_800);
  expect((await store.books(T0 + DAY)).tenants[0]).toMatchObject({ usage: 200, usageAsOf: (T0 + DAY) / 1000 });
});

it('the same half-life again, or a moment before the last use, changes nothing', async () => {
  await system.query(`update tenant set used_card_seconds = 8, used_as_of = $1 where id = 'blue'`, [new Date(T0)]);
  const before = await used();
  await rebaseUsage(system, 1_209_600, T0 + DAY);
  expect(await used()).toEqual(before);
  await rebaseUsage(system, 60, T0 - DAY);
  expect(await used()).toMatchObject([{ used_card_seconds: 8, used_as_of: T0 }, {}]);
});

it('the books charge what holds nodes in reference cards', async () => {
  await system.query(
    `insert into reference (kind, id, position, body, seed_hash)
     values ('exchangeRates', 'a', 0, '{"model": "card-a", "per": "card", "precision": "fp16", "validFrom": "2026-01-01", "rate": {"value": 0.5}}', 'x'),
       ('exchangeRates', 'b', 1, '{"model": "card-a", "per": "card", "precision": "fp16", "validFrom": "2026-12-01", "rate": {"value": 0.25}}', 'x')`,
  );
  await runWork(system, { tenantId: 'blue', placedAt: T0, perNode: { cards: 4, cores: 1, memoryGiB: 1 } });
  expect((await store.books(T0)).charges).toEqual([{ tenantId: 'blue', milli: 2000, startedAt: T0 / 1000 }]);
  // From midnight in Shanghai, and not a moment sooner.
  const turn = Date.parse('2026-12-01T00:00:00+08:00');
  expect((await store.books(turn - 1)).charges[0]?.milli).toBe(2000);
  expect((await store.books(turn)).charges[0]?.milli).toBe(1000);
});

it('of two orders at a time that would both fit alone, one is refused', async () => {
  await system.query(`update tenant set parent_id = 'blue' where id = 'green'`);
  const order = (tenantId: string, cards: number) =>
    store.setQuota({ tenantId, quota: { cards }, at: T0, actor: 'test' });
  await order('blue', 12);
  expect((await order('green', 10)).kind).toBe('set');
  const both = await Promise.all([order('green', 12), order('blue', 10)]);
  expect(both.map(({ kind }) => kind).toSorted()).toEqual(['over-promised', 'set']);
  expect(await store.setQuota({ tenantId: 'nobody', quota: { cards: 1 }, at: T0, actor: 'test' })).toEqual({
    kind: 'unknown',
  });
});

it('the exporter gets quota, holding and share of each tenant', async () => {
  expect(await tenantShares(system)).toEqual([]);
  await system.query(
    `insert into service_clock (id, origin, wall_origin, rate, seen_at) values (1, $1, clock_timestamp(), 1, $1)`,
    [new Date(T0)],
  );
  await runWork(system, { tenantId: 'blue', placedAt: T0, perNode: { cards: 4, cores: 1, memoryGiB: 1 } });
  await store.setQuota({ tenantId: 'blue', quota: { cards: 3 }, at: T0, actor: 'test' });
  expect(await tenantShares(system)).toMatchObject([
    { tenant: 'blue', quota: 3, held: 4 },
    { tenant: 'green', quota: null, held: 0 },
  ]);
});
