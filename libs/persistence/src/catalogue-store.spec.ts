import { defaultServicePolicy } from '#libs/application';
import type { Catalogue, NodeGroup } from '#libs/domain';
import { loadSeeds } from '#libs/config';
import { type FreshDatabase, freshDatabase, runWork } from '#libs/testing';
import type { MikroORM } from '@mikro-orm/postgresql';
import { PostgresAttemptStore } from './attempt-store.js';
import { PostgresCatalogueStore } from './catalogue-store.js';
import { type Database, openDatabase } from './database.js';
import { openOrm } from './orm.js';
import { PostgresPolicyStore } from './policy-store.js';
import { PostgresPoolStore } from './pool-store.js';

let fresh: FreshDatabase;
let orm: MikroORM;
let system: Database;
let store: PostgresCatalogueStore;
let seeds: Catalogue;
/** The smallest managed pinned and delegated pools that are there to use, and a tenant. */
let pinned: NodeGroup;
let delegated: NodeGroup;

beforeAll(async () => {
  const loaded = await loadSeeds('seeds');
  if (loaded.kind !== 'ok') throw new Error(`The seeds have faults: ${JSON.stringify(loaded.faults.slice(0, 3))}`);
  seeds = loaded.catalogue;
  [pinned, delegated] = [smallestGroup('pinned'), smallestGroup('delegated')];
});
beforeEach(async () => {
  fresh = await freshDatabase();
  orm = await openOrm(fresh.url);
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 3 });
  store = new PostgresCatalogueStore(orm);
  await store.store(seeds, { enable: [] });
});
afterEach(async () => {
  await orm.close();
  await system.close();
  await fresh.drop();
});

function smallestGroup(placement: 'pinned' | 'delegated'): NodeGroup {
  const pools = new Set(
    seeds.pools.filter((pool) => pool.placement === placement && pool.enabled).map((pool) => pool.id),
  );
  const groups = seeds.nodeGroups.filter(
    (group) => pools.has(group.poolId) && group.nodes.value >= 2 && group.shape.cards > 0,
  );
  const [first] = groups.toSorted((a, b) => a.nodes.value - b.nodes.value);
  if (!first) throw new Error(`The seeds have no enabled ${placement} group of two nodes`);
  return first;
}

const withGroup = (group: NodeGroup, changes: Partial<NodeGroup>): Catalogue => ({
  ...seeds,
  nodeGroups: seeds.nodeGroups.map((other) => (other.id === group.id ? { ...group, ...changes } : other)),
});
const sized = (group: NodeGroup, nodes: number): Catalogue =>
  withGroup(group, { nodes: { ...group.nodes, value: nodes } });
const without = (poolId: string): Catalogue => ({
  ...seeds,
  pools: seeds.pools.filter((pool) => pool.id !== poolId),
  nodeGroups: seeds.nodeGroups.filter((group) => group.poolId !== poolId),
});
const workOn = (group: NodeGroup, nodeIndices: readonly number[]) =>
  runWork(system, {
    tenantId: seeds.tenants[0]?.id ?? '',
    poolId: group.poolId,
    groupId: group.id,
    nodeIndices,
    nodes: nodeIndices.length,
    perNode: group.shape,
  });
async function one<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row | undefined> {
  return (await system.query<Row & Record<string, unknown>>(sql, values)).rows[0];
}
const versions = async (table: string): Promise<unknown> =>
  (await system.query(`select id, xmin::text from ${table} order by id`)).rows;

describe('since when a pool is on', () => {
  const since = async (): Promise<unknown> =>
    (await one<{ at: number | null }>('select enabled_since as at from pool where id = $1', [pinned.poolId]))?.at;
  const switched = (enabled: boolean): Catalogue => ({
    ...seeds,
    pools: seeds.pools.map((pool) => (pool.id === pinned.poolId ? { ...pool, enabled, enabledIn: [] } : pool)),
  });
  const scaledClock = (wallSecondsAgo: number, seenSecondsAgo: number) =>
    system.query(
      `insert into service_clock values (1, '2026-03-01T00:00:00Z', clock_timestamp() - $1 * interval '1 second', 60,
         timestamptz '2026-03-01T00:00:00Z' + 60 * ($1 - $2) * interval '1 second')
       on conflict (id) do update set wall_origin = excluded.wall_origin, seen_at = excluded.seen_at`,
      [wallSecondsAgo, seenSecondsAgo],
    );
  const minutesIn = (minutes: number): number => Date.parse('2026-03-01T00:00:00Z') + minutes * 60_000;

  it('is unsaid until service time begins, then the service time of the last switch', async () => {
    expect(await since()).toBeNull();
    await scaledClock(120, 0);
    await store.store(switched(false), { enable: [] });
    await store.store(switched(true), { enable: [] });
    const first = await since();
    expect(first).toBeGreaterThanOrEqual(minutesIn(120));
    expect(first).toBeLessThan(minutesIn(180));
    await scaledClock(600, 0);
    await store.store({ ...switched(true), sources: [] }, { enable: [] }); // on as before: nothing was switched
    expect(await since()).toBe(first);
  });

  it('is where a clock stands that nobody runs, not where it would be', async () => {
    await store.store(switched(false), { enable: [] });
    await scaledClock(86_400, 86_400 - 120);
    await store.store(switched(true), { enable: [] });
    expect(await since()).toBe(minutesIn(120));
  });
});

describe('what the seeds say', () => {
  it('comes back whole', async () => {
    expect(await store.load()).toEqual(JSON.parse(JSON.stringify(seeds)));
  });

  it('has a node for each that a group counts, all of them usable', async () => {
    const wrong = await system.query(
      `select g.id from node_group g left join node n on n.group_id = g.id group by g.id
       having count(n.id) <> g.node_count or g.usable_nodes <> g.node_count or g.usable_cards <> g.node_count * g.cards
         or g.usable_cores <> g.node_count * g.cores or g.usable_memory_gib <> g.node_count * g.memory_gib`,
    );
    expect(wrong.rows).toEqual([]);
  });

  it('is not written again when it says the same', async () => {
    const before = [
      await versions('pool'),
      await versions('node_group'),
      await versions('node'),
      await versions('tenant'),
    ];
    const again = await store.store(seeds, { enable: [] });
    expect(again).toMatchObject({ kind: 'stored', added: 0, changed: 0 });
    expect([
      await versions('pool'),
      await versions('node_group'),
      await versions('node'),
      await versions('tenant'),
    ]).toEqual(before);
    expect(await one(`select count(*) as told from change where kind = 'catalogue'`)).toEqual({ told: 1 });
  });

  it('may name one way of running that switches a pool on', async () => {
    const off = seeds.pools.find((pool) => !pool.enabled && (pool.enabledIn ?? []).length > 0);
    if (!off?.enabledIn) throw new Error('The seeds have no pool that a way of running enables');
    await store.store(seeds, { enable: off.enabledIn });
    expect(await one('select enabled from pool where id = $1', [off.id])).toEqual({ enabled: true });
    expect((await store.load()).pools.find((pool) => pool.id === off.id)?.enabled).toBe(true);
  });
});

describe('a change of the seeds', () => {
  it('writes the rows it changes and no others, and tells the planner once', async () => {
    const renamed = withGroup(pinned, { name: { zh: '新名', en: 'new name' } });
    expect(await store.store(renamed, { enable: [] })).toMatchObject({ kind: 'stored', added: 0, changed: 1 });
    expect(await one(`select count(*) as told from change where kind = 'catalogue'`)).toEqual({ told: 2 });
  });

  it('adds nodes to a group that grows and keeps the state of those there', async () => {
    await new PostgresPoolStore(system).setNodeState({
      nodeId: `${pinned.id}-0001`,
      state: 'drained',
      reason: 'fan',
      at: 0,
      actor: 'test',
    });
    await store.store(sized(pinned, pinned.nodes.value + 3), { enable: [] });
    expect(await one('select node_count, usable_nodes from node_group where id = $1', [pinned.id])).toEqual({
      node_count: pinned.nodes.value + 3,
      usable_nodes: pinned.nodes.value + 2,
    });
    expect(await one('select state, state_reason from node where id = $1', [`${pinned.id}-0001`])).toEqual({
      state: 'drained',
      state_reason: 'fan',
    });
  });

  it('takes idle nodes from a group that shrinks, and their history stays', async () => {
    const last = pinned.nodes.value - 1;
    const { attemptId } = await workOn(pinned, [last]);
    await system.query(`update node set used_cards = 0, used_cores = 0, used_memory_gib = 0`);
    await system.query(`update attempt set state = 'completed', ended_at = now() where id = $1`, [attemptId]);
    expect(await store.store(sized(pinned, last), { enable: [] })).toMatchObject({ kind: 'stored' });
    expect(await one('select count(*) as nodes from node where group_id = $1', [pinned.id])).toEqual({ nodes: last });
    expect(await one('select count(*) as places from placement_node where attempt_id = $1', [attemptId])).toEqual({
      places: 1,
    });
  });

  it('switches off what it no longer names, and back on what it names again', async () => {
    expect(await store.store(without(pinned.poolId), { enable: [] })).toMatchObject({ kind: 'stored' });
    const state =
      'select p.enabled, p.listed, g.listed as group_listed, g.usable_cards from pool p join node_group g on g.pool_id = p.id where g.id = $1';
    expect(await one(state, [pinned.id])).toEqual({
      enabled: false,
      listed: false,
      group_listed: false,
      usable_cards: 0,
    });
    expect((await store.load()).pools.map((pool) => pool.id)).not.toContain(pinned.poolId);
    await store.store(seeds, { enable: [] });
    expect(await one(state, [pinned.id])).toEqual({
      enabled: true,
      listed: true,
      group_listed: true,
      usable_cards: pinned.nodes.value * pinned.shape.cards,
    });
  });

  it('leaves jobs, attempts and what nodes hold as they are', async () => {
    await workOn(pinned, [0]);
    await workOn(delegated, [0]);
    const tables = ['job', 'attempt', 'placement_node'];
    const before = await Promise.all(
      tables.map((table) => system.query(`select t.*, xmin::text from ${table} t order by 1`)),
    );
    await store.store(sized(pinned, pinned.nodes.value + 1), { enable: [] });
    const after = await Promise.all(
      tables.map((table) => system.query(`select t.*, xmin::text from ${table} t order by 1`)),
    );
    expect(after.map(({ rows }) => rows)).toEqual(before.map(({ rows }) => rows));
    expect(await one('select used_cards from node where id = $1', [`${pinned.id}-0001`])).toEqual({
      used_cards: pinned.shape.cards,
    });
  });
});

const whole = (group: NodeGroup): Catalogue => {
  const { sharing: _sharing, ...others } = group;
  return { ...seeds, nodeGroups: seeds.nodeGroups.map((other) => (other.id === group.id ? others : other)) };
};

describe('cards that begin to be shared', () => {
  const cardsOf = async (index: number): Promise<unknown> =>
    await one(
      `select n.used_cards, array_agg(d.used_milli order by d.index) as milli from node n left join device d on d.node_id = n.id
         where n.group_id = $1 and n.index = $2 group by n.id`,
      [pinned.id, index],
    );

  it('are told apart on each node, and go away again with the sharing', async () => {
    expect(await cardsOf(1)).toEqual({ used_cards: 0, milli: Array.from({ length: pinned.shape.cards }, () => 0) });
    await store.store(whole(pinned), { enable: [] });
    expect(await cardsOf(1)).toEqual({ used_cards: 0, milli: [null] });
  });

  it('are given to the work that is on them, as whole ones, and come back when it ends', async () => {
    await store.store(whole(pinned), { enable: [] });
    const some = (cards: number): NodeGroup => ({ ...pinned, shape: { cards, cores: 8, memoryGiB: 64 } });
    const works = [await workOn(some(2), [0]), await workOn(some(3), [0])];
    await store.store(seeds, { enable: [] });
    const rest = Array.from({ length: pinned.shape.cards - 5 }, () => 0);
    expect(await cardsOf(0)).toEqual({ used_cards: 5, milli: [1000, 1000, 1000, 1000, 1000, ...rest] });
    const attempts = new PostgresAttemptStore(system);
    const ended = { outcome: 'completed' as const, startedAt: null, endedAt: 1, exitCode: 0 };
    await attempts.ended([{ attemptId: works[0]!.attemptId, ...ended }]);
    expect(await cardsOf(0)).toEqual({ used_cards: 3, milli: [0, 0, 1000, 1000, 1000, ...rest] });
    await attempts.ended([{ attemptId: works[1]!.attemptId, ...ended }]);
    expect(await cardsOf(0)).toEqual({ used_cards: 0, milli: Array.from({ length: pinned.shape.cards }, () => 0) });
  });
});

describe('a change that would strand running work is refused, and nothing is written', () => {
  type Case = { wanted: () => Catalogue; running: () => Promise<unknown>; wantProblem: RegExp };
  const cases: Record<string, Case> = {
    'a pinned group loses a node that works': {
      running: () => workOn(pinned, [pinned.nodes.value - 1]),
      wanted: () => sized(pinned, pinned.nodes.value - 1),
      wantProblem: /shrinks to \d+ nodes, and work holds 1 of those to go/,
    },
    'a delegated group loses a node that its engine uses': {
      running: () => workOn(delegated, [delegated.nodes.value - 1]),
      wanted: () => sized(delegated, delegated.nodes.value - 1),
      wantProblem: /work holds 1 of those to go/,
    },
    'a delegated group shrinks below what its engine was given': {
      running: () => runAll(delegated),
      wanted: () => sized(delegated, delegated.nodes.value - 1),
      wantProblem: /shrinks below what its engine was given/,
    },
    'nodes get smaller than what they hold': {
      running: () => workOn(pinned, [0]),
      wanted: () => withGroup(pinned, { shape: { ...pinned.shape, cores: pinned.shape.cores - 1 } }),
      wantProblem: /smaller nodes, and 1 of them hold more than that/,
    },
    'a pool goes': {
      running: () => workOn(pinned, [0]),
      wanted: () => without(pinned.poolId),
      wantProblem: /is no longer in the seeds, and 1 attempts hold nodes there/,
    },
    'a pool is disabled': {
      running: () => workOn(delegated, [0]),
      wanted: () => withPool(delegated.poolId, { enabled: false }),
      wantProblem: /is to be disabled, and 1 attempts/,
    },
    'the cards of a group are cut in another way': {
      running: () => workOn(pinned, [0]),
      wanted: () => withGroup(pinned, { sharing: { kind: 'vnpu', slices: 2, assumption: 'A-SHR-2' } }),
      wantProblem: /changes how its cards are shared, and 1 attempts hold nodes there/,
    },
    'the cards of a group are not shared any more': {
      running: () => workOn(pinned, [0]),
      wanted: () => whole(pinned),
      wantProblem: /changes how its cards are shared, and 1 attempts hold nodes there/,
    },
    'a pool changes its way of placement': {
      running: () => workOn(pinned, [0]),
      wanted: () => withPool(pinned.poolId, { placement: 'delegated' }),
      wantProblem: /changes its site, engine or way of placement, and 1 attempts/,
    },
  };
  const withPool = (id: string, changes: object): Catalogue => ({
    ...seeds,
    pools: seeds.pools.map((pool) => (pool.id === id ? { ...pool, ...changes } : pool)),
  });
  const runAll = (group: NodeGroup) =>
    runWork(system, {
      tenantId: seeds.tenants[0]?.id ?? '',
      poolId: group.poolId,
      groupId: group.id,
      nodes: group.nodes.value,
      nodeIndices: [],
      perNode: group.shape,
      startedAt: null,
    });

  it.each(Object.entries(cases))('%s', async (_sentence, { running, wanted, wantProblem }) => {
    await running();
    const before = [await versions('pool'), await versions('node_group'), await versions('node')];
    const answer = await store.store(wanted(), { enable: [] });
    expect(answer).toEqual({
      kind: 'conflict',
      problems: expect.arrayContaining([expect.stringMatching(wantProblem)]),
    });
    expect([await versions('pool'), await versions('node_group'), await versions('node')]).toEqual(before);
  });

  it('not so when only other parts of the catalogue change', async () => {
    await workOn(pinned, [0]);
    expect(await store.store(sized(delegated, 1), { enable: [] })).toMatchObject({ kind: 'stored' });
  });
});

describe('faults of a catalogue', () => {
  it('two items with one id are named', async () => {
    const twice = { ...seeds, nodeGroups: [...seeds.nodeGroups, pinned] };
    await expect(store.store(twice, { enable: [] })).rejects.toThrow(`two items "${pinned.id}"`);
  });
  it('a group of an unknown node type is named', async () => {
    await expect(store.store(withGroup(pinned, { nodeTypeId: 'no-such' }), { enable: [] })).rejects.toThrow(
      /names node type "no-such"/,
    );
  });
  it('tenants that are their own ancestors are named', async () => {
    const [tenant, ...others] = seeds.tenants;
    if (!tenant) throw new Error('The seeds have no tenants');
    const circle = { ...seeds, tenants: [{ ...tenant, parentId: tenant.id }, ...others] };
    await expect(store.store(circle, { enable: [] })).rejects.toThrow(/its own ancestor/);
  });
});

describe('the half-life of a new tenant’s use', () => {
  const activate = (name: string, fairShare: object | undefined) => {
    const { fairShare: _own, ...planning } = defaultServicePolicy.planning;
    const policy = {
      ...defaultServicePolicy,
      name,
      sha256: name.padEnd(64, '0'),
      planning: { ...planning, fairShare },
    };
    return new PostgresPolicyStore(system).activate(policy, { origin: 'file', actor: 'scheduler', at: 0 });
  };
  const halfLives = async (): Promise<unknown[]> =>
    (await system.query('select distinct used_half_life_s from tenant')).rows.map((row) => row['used_half_life_s']);
  const withNew = (): Catalogue => ({
    ...seeds,
    tenants: [...seeds.tenants, { ...seeds.tenants[0]!, id: 'newcomer' }],
  });

  it('is that of the policy in force', async () => {
    await activate('a', { halfLifeSeconds: 3600 });
    await activate('b', { halfLifeSeconds: 7200 });
    await store.store(withNew(), { enable: [] });
    expect(await halfLives()).toEqual([7200]);
  });
  it('is two weeks where that policy says none, or where none is in force', async () => {
    await store.store(withNew(), { enable: [] });
    expect(await halfLives()).toEqual([1_209_600]);
    await activate('a', undefined);
    await store.store(seeds, { enable: [] });
    await store.store(withNew(), { enable: [] });
    expect(await halfLives()).toEqual([1_209_600]);
  });
});
