import type { GroupView } from '#libs/application';
import { type NodeState, nodeStates } from '#libs/domain';
import {
  type FreshDatabase,
  freshDatabase,
  operatorKey,
  runWork,
  seedMinimal,
  tenantKey,
  testEpoch,
} from '#libs/testing';
import * as fc from 'fast-check';
import { PostgresCatalogueReader } from './catalogue-reader.js';
import { figuresOf, holdsAssumption } from './catalogue-figures.js';
import { type Database, openDatabase } from './database.js';
import { PostgresPoolStore } from './pool-store.js';
import { partition } from './pool-views.js';

let fresh: FreshDatabase;
let system: Database;
let app: Database;
let reader: PostgresCatalogueReader;
beforeEach(async () => {
  fresh = await freshDatabase();
  await seedMinimal(fresh.url);
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 3 });
  app = openDatabase(fresh.url, { role: 'chusuan_app', max: 2 });
  reader = new PostgresCatalogueReader(app, system);
});
afterEach(async () => {
  await app.close();
  await system.close();
  await fresh.drop();
});

const everybody = operatorKey(['blue', 'green']);
const half = { cards: 4, cores: 32, memoryGiB: 256 };
const setState = (nodeId: string, state: NodeState) =>
  new PostgresPoolStore(system).setNodeState({ nodeId, state, reason: 'test', at: testEpoch, actor: 'test' });
const group = async (poolId: string): Promise<GroupView> => {
  const found = (await reader.pool(poolId))?.groups[0];
  if (!found) throw new Error(`Pool ${poolId} has no group`);
  return found;
};
const sum = (parts: Readonly<Record<string, number>>): number =>
  Object.values(parts).reduce((total, part) => total + part, 0);

describe('what is installed is parted by state', () => {
  it('an empty pool is all free', async () => {
    expect(await group('pinned')).toMatchObject({
      nodesByState: { idle: 4, allocated: 0, mixed: 0, drained: 0, down: 0, maintenance: 0 },
      cards: { free: 32, allocated: 0, reserved: 0, drained: 0, down: 0, maintenance: 0 },
    });
  });

  it.each(['pinned', 'delegated'])('work and states show in a %s pool', async (poolId) => {
    await runWork(system, { poolId, nodeIndices: [0] });
    await runWork(system, { poolId, nodeIndices: [1], perNode: half });
    await setState(`${poolId}-a-0003`, 'drained');
    await setState(`${poolId}-a-0004`, 'down');
    expect(await group(poolId)).toMatchObject({
      nodesByState: { idle: 0, allocated: 1, mixed: 1, drained: 1, down: 1, maintenance: 0 },
      cards: { free: 4, allocated: 12, reserved: 0, drained: 8, down: 8, maintenance: 0 },
      cores: { free: 32, allocated: 96, drained: 64, down: 64 },
      memoryGiB: { free: 256, allocated: 768, drained: 512, down: 512 },
    });
    expect((await reader.pool(poolId))?.live).toEqual({
      nodes: 4,
      cards: 32,
      cardsAllocated: 12,
      coresAllocated: 96,
      runningAttempts: 2,
    });
  });

  it('work on a node that is being drained counts as allocated, the rest of the node as drained', async () => {
    await runWork(system, { nodeIndices: [0], perNode: half });
    await setState('pinned-a-0001', 'drained');
    expect((await group('pinned')).cards).toMatchObject({ free: 24, allocated: 4, drained: 4 });
  });

  it('the states always sum to what is installed, whatever was placed and taken out of service', async () => {
    const anyWorld = fc.record({
      poolId: fc.constantFrom('pinned', 'delegated'),
      work: fc.array(fc.record({ node: fc.nat(3), cards: fc.integer({ min: 1, max: 8 }) }), { maxLength: 5 }),
      states: fc.array(fc.constantFrom(...nodeStates), { minLength: 4, maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(anyWorld, async ({ poolId, work, states }) => {
        for (const { node, cards } of work) {
          const perNode = { cards, cores: cards * 8, memoryGiB: cards * 64 };
          await runWork(system, { poolId, nodeIndices: [node], perNode }).catch(() => {}); // full nodes are refused
        }
        for (const [index, state] of states.entries()) await setState(`${poolId}-a-000${index + 1}`, state);
        const view = await group(poolId);
        expect(sum(view.nodesByState)).toBe(4);
        expect([sum(view.cards), sum(view.cores), sum(view.memoryGiB)]).toEqual([32, 256, 2048]);
        const parts = [view.cards, view.cores, view.memoryGiB].flatMap((part) => Object.values(part));
        expect(parts.every((part) => part >= 0)).toBe(true);
        for (const index of [1, 2, 3, 4]) await setState(`${poolId}-a-000${index}`, 'up');
      }),
      { numRuns: 15 },
    );
  });

  it('a partition has no negative part, and its allocated part is never altered', () => {
    const counts = fc.record({
      allocated: fc.nat(64),
      reserved: fc.nat(64),
      drained: fc.nat(64),
      down: fc.nat(64),
      maintenance: fc.nat(64),
      spare: fc.nat(64),
    });
    fc.assert(
      fc.property(counts, ({ allocated, reserved, drained, down, maintenance, spare }) => {
        const installed = Math.max(allocated, drained + down + maintenance) + spare;
        const parts = partition(installed, allocated, { reserved, drained, down, maintenance });
        expect([sum(parts), parts.allocated]).toEqual([installed, allocated]);
        expect(Math.min(...Object.values(parts))).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('nodes', () => {
  it('come in pages by key, each once', async () => {
    const first = await reader.nodes(everybody, 'pinned', { limit: 3, after: null });
    expect([first?.items.map(({ id }) => id), first?.nextCursor]).toEqual([
      ['pinned-a-0001', 'pinned-a-0002', 'pinned-a-0003'],
      'pinned-a-0003',
    ]);
    const last = await reader.nodes(everybody, 'pinned', { limit: 3, after: first?.nextCursor ?? null });
    expect([last?.items.map(({ id }) => id), last?.nextCursor]).toEqual([['pinned-a-0004'], null]);
  });

  it('of an unknown pool are null, and so is an unknown node', async () => {
    expect(await reader.nodes(everybody, 'no-such', { limit: 3, after: null })).toBeNull();
    expect(await reader.node(everybody, 'no-such')).toBeNull();
  });

  it.each(['pinned', 'delegated'])(
    'of a %s pool tell whose work they hold only to those who may know',
    async (poolId) => {
      const work = await runWork(system, { poolId, tenantId: 'blue', nodeIndices: [0], perNode: half });
      const node = { used: half, attempts: [{ attemptId: work.attemptId, cards: 4, tenantId: 'blue' }] };
      expect(await reader.node(tenantKey('blue'), `${poolId}-a-0001`)).toMatchObject(node);
      expect(await reader.node(tenantKey('green'), `${poolId}-a-0001`)).toMatchObject({
        used: half,
        attempts: [{ attemptId: work.attemptId, cards: 4, tenantId: null }],
      });
    },
  );
});

describe('pools and tenants', () => {
  it('are listed as stored, and what the seeds no longer name is not', async () => {
    expect((await reader.pools()).map(({ id, placement, lastHour }) => ({ id, placement, lastHour }))).toEqual([
      { id: 'delegated', placement: 'delegated', lastHour: null },
      { id: 'pinned', placement: 'pinned', lastHour: null },
    ]);
    await system.query(`update pool set listed = false where id = 'pinned'`);
    expect((await reader.pools()).map(({ id }) => id)).toEqual(['delegated']);
    expect(await reader.pool('pinned')).toBeNull();
  });

  it('a tenant sees itself, the bureau sees all', async () => {
    expect((await reader.tenants(tenantKey('blue'))).map(({ id }) => id)).toEqual(['blue']);
    expect((await reader.tenants(everybody)).map(({ id }) => id)).toEqual(['blue', 'green']);
  });
});

describe('figures', () => {
  const item = {
    id: 'yueke',
    racks: { value: 300, source: 'S-1' },
    modelled: { accelerators: 64, assumption: 'A-2' },
    latency: { byDistrict: { echeng: 2 }, source: 'S-3', assumption: 'A-3' },
    tables: { values: [1, 2], source: 'S-4' },
    position: 7,
  };
  it('are the numbers that tell where they come from, by their path', () => {
    expect(figuresOf(item)).toEqual({
      racks: { value: 300, source: 'S-1' },
      'modelled.accelerators': { value: 64, assumption: 'A-2' },
      'latency.byDistrict.echeng': { value: 2, source: 'S-3', assumption: 'A-3' },
    });
  });
  it('an item is assumed when anything in it is', () => {
    expect([holdsAssumption(item), holdsAssumption({ racks: item.racks })]).toEqual([true, false]);
  });
});
