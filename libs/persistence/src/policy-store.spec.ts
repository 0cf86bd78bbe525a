import { type ServicePolicy, defaultServicePolicy, versioned } from '#libs/application';
import { type FreshDatabase, freshDatabase, seedMinimal } from '#libs/testing';
import { contentHash } from './canonical-json.js';
import { openDatabase, type Database } from './database.js';
import { PostgresPolicyStore } from './policy-store.js';

const t0 = Date.parse('2026-11-24T02:00:00Z');
const aPolicy = (over: Partial<ServicePolicy> = {}) => versioned({ ...defaultServicePolicy, ...over }, contentHash);

let fresh: FreshDatabase;
let system: Database;
let store: PostgresPolicyStore;
beforeAll(async () => {
  fresh = await freshDatabase();
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 4 });
  store = new PostgresPolicyStore(system);
});
afterAll(async () => {
  await system?.close();
  await fresh?.drop();
});

it('there is none before the first', async () => {
  expect([await store.active(), await store.lastOfFile(), await store.history(10)]).toEqual([null, null, []]);
});

it('gives back what was activated last, value for value, and tells who, when and whence, newest first', async () => {
  const first = aPolicy({ name: 'first' });
  const second = aPolicy({ name: 'second', latencyStaleSeconds: 60 });
  await store.activate(first, { origin: 'file', actor: 'scheduler', at: t0 });
  await store.activate(second, { origin: 'applied', actor: 'key:7', at: t0 + 1000 });
  expect(await store.active()).toEqual(second);
  expect(await store.lastOfFile()).toBe(first.sha256);
  await store.activate(first, { origin: 'applied', actor: 'key:7', at: t0 + 2000 });
  expect(await store.active()).toEqual(first);
  const told = (policy: typeof first, origin: string, actor: string, since: number) => ({
    sha256: policy.sha256,
    name: policy.name,
    origin,
    actor,
    since,
  });
  expect(await store.history(2)).toEqual([
    told(first, 'applied', 'key:7', t0 + 2000),
    told(second, 'applied', 'key:7', t0 + 1000),
  ]);
  expect((await system.query('select 1 from policy')).rowCount).toBe(2);
});

it('each activation is audited, with what held before', async () => {
  const { rows } = await system.query<{ actor: string; name: string; before: string | null }>(
    `select actor, detail ->> 'name' as name, detail ->> 'before' as before from audit_record where action = 'policy.activate' order by at`,
  );
  const [first, second] = [
    aPolicy({ name: 'first' }).sha256,
    aPolicy({ name: 'second', latencyStaleSeconds: 60 }).sha256,
  ];
  expect(rows.map(({ actor, name, before }) => [actor, name, before])).toEqual([
    ['scheduler', 'first', null],
    ['key:7', 'second', first],
    ['key:7', 'first', second],
  ]);
});

describe('the half-life of use', () => {
  const halfLives = async () =>
    (await system.query('select used_card_seconds, used_as_of, used_half_life_s from tenant order by id')).rows;
  const activate = (halfLifeSeconds: number | null, at: number) => {
    const { fairShare, ...planning } = defaultServicePolicy.planning;
    const policy = aPolicy({
      planning: halfLifeSeconds === null ? planning : { ...planning, fairShare: { ...fairShare, halfLifeSeconds } },
    });
    return store.activate(policy, { origin: 'file', actor: 'scheduler', at });
  };

  it('is the policy’s from its activation on, with what has decayed as it is; two weeks where it says none', async () => {
    await seedMinimal(fresh.url);
    await system.query(`update tenant set used_card_seconds = 800, used_as_of = $1 where id = 'blue'`, [
      new Date(t0 - 14 * 86_400_000),
    ]);
    await activate(86_400, t0);
    const [blue, green] = await halfLives();
    expect(blue).toEqual({ used_card_seconds: 400, used_as_of: t0, used_half_life_s: 86_400 });
    expect(green).toMatchObject({ used_half_life_s: 86_400 });
    await activate(null, t0 + 86_400_000);
    expect(await halfLives()).toMatchObject([
      { used_card_seconds: 200, used_as_of: t0 + 86_400_000, used_half_life_s: 1_209_600 },
      { used_half_life_s: 1_209_600 },
    ]);
  });
});
