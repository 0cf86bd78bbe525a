import { createHash, randomUUID } from 'node:crypto';
import { type FreshDatabase, aTenant, freshDatabase, runWork, seedMinimal, testEpoch } from '#libs/testing';
import { PostgresCounterStore } from './counter-store.js';
import { type Database, openDatabase } from './database.js';
import { PostgresKeyStore } from './key-store.js';
import { PostgresMetricsReader } from './metrics-reader.js';
import { PostgresPoolStore } from './pool-store.js';

let fresh: FreshDatabase;
let system: Database;
beforeEach(async () => {
  fresh = await freshDatabase();
  await seedMinimal(fresh.url, {
    tenants: [
      aTenant('bureau'),
      aTenant('blue', { parentId: 'bureau' }),
      aTenant('blue-team', { parentId: 'blue' }),
      aTenant('green'),
    ],
  });
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 4 });
});
afterEach(async () => {
  await system.close();
  await fresh.drop();
});
const rows = async (sql: string): Promise<unknown[]> => (await system.query(sql)).rows;

describe('keys', () => {
  const sha = (secret: string): Uint8Array => createHash('sha256').update(secret).digest();
  const key = (
    secret: string,
    named: { role?: 'operator' | 'tenant'; tenantId?: string | null; expiresAt?: number | null } = {},
  ) => ({
    id: randomUUID(),
    sha256: sha(secret),
    role: 'tenant' as const,
    tenantId: 'blue',
    label: secret,
    expiresAt: null,
    ...named,
  });

  it("a tenant's covers its subtree, an operator's everybody", async () => {
    const keys = new PostgresKeyStore(system);
    await keys.add([key('of blue'), key('of the bureau', { role: 'operator', tenantId: null })]);
    expect(await keys.find(sha('of blue'))).toMatchObject({
      kind: 'ok',
      principal: { role: 'tenant', tenantId: 'blue', tenants: ['blue', 'blue-team'] },
    });
    expect(await keys.find(sha('of the bureau'))).toMatchObject({
      kind: 'ok',
      principal: { role: 'operator', tenantId: null, tenants: ['blue', 'blue-team', 'bureau', 'green'] },
    });
  });

  it('that are unknown, expired or revoked open nothing', async () => {
    const keys = new PostgresKeyStore(system);
    const revoked = key('revoked');
    await keys.add([
      key('old', { expiresAt: Date.parse('2020-01-01T00:00:00Z') }),
      revoked,
      key('young', { expiresAt: Date.parse('2100-01-01T00:00:00Z') }),
    ]);
    expect([await keys.revoke(revoked.id), await keys.revoke(revoked.id)]).toEqual([true, false]);
    expect(await keys.find(sha('nobody'))).toBeNull();
    expect(await keys.find(sha('old'))).toEqual({ kind: 'expired' });
    expect(await keys.find(sha('revoked'))).toEqual({ kind: 'revoked' });
    expect(await keys.find(sha('young'))).toMatchObject({ kind: 'ok' });
    expect(await keys.count()).toBe(2);
  });

  it('of a tenant that the seeds no longer name are as good as revoked', async () => {
    const keys = new PostgresKeyStore(system);
    await keys.add([key('of blue')]);
    await system.query(`update tenant set listed = false where id = 'blue'`);
    expect(await keys.find(sha('of blue'))).toEqual({ kind: 'revoked' });
  });
});

describe('counters', () => {
  it('add up over calls, whatever the order of their labels', async () => {
    const counters = new PostgresCounterStore(system);
    await counters.add([
      { name: 'refused', labels: { reason: 'quota', class: 'training' }, by: 2 },
      { name: 'refused', labels: { class: 'training', reason: 'quota' }, by: 1 },
    ]);
    await counters.add([{ name: 'refused', labels: { class: 'training', reason: 'quota' }, by: 0.5 }]);
    expect(await new PostgresMetricsReader(system).counters()).toEqual([
      { name: 'refused', labels: { class: 'training', reason: 'quota' }, value: 3.5 },
    ]);
  });

  it('never go down', async () => {
    await expect(new PostgresCounterStore(system).add([{ name: 'refused', labels: {}, by: -1 }])).rejects.toThrow(
      RangeError,
    );
  });

  it('that many processes add at once lose nothing and never deadlock', async () => {
    const counters = new PostgresCounterStore(system);
    const names = Array.from({ length: 20 }, (_, index) => `c${index}`);
    const add = (order: readonly string[]) => counters.add(order.map((name) => ({ name, labels: {}, by: 1 })));
    await Promise.all(Array.from({ length: 20 }, (_, turn) => add(turn % 2 ? names : names.toReversed())));
    expect(await rows('select distinct value from counter')).toEqual([{ value: 20 }]);
  });
});

describe('pools, as operators steer them', () => {
  it('a node that is drained leaves what is usable, is told to the planner and to the audit', async () => {
    const pools = new PostgresPoolStore(system);
    const change = {
      nodeId: 'delegated-a-0002',
      state: 'drained',
      reason: 'fan',
      at: testEpoch,
      actor: 'key:1',
    } as const;
    expect(await pools.setNodeState(change)).toEqual({ from: 'up' });
    expect(
      await rows(
        `select usable_nodes, usable_cards, usable_cores, usable_memory_gib from node_group where id = 'delegated-a'`,
      ),
    ).toEqual([{ usable_nodes: 3, usable_cards: 24, usable_cores: 192, usable_memory_gib: 1536 }]);
    expect(await rows('select kind, subject from change')).toEqual([{ kind: 'node', subject: 'delegated-a-0002' }]);
    expect(await rows('select actor, action, subject, detail from audit_record')).toEqual([
      {
        actor: 'key:1',
        action: 'node.set-state',
        subject: 'delegated-a-0002',
        detail: { from: 'up', to: 'drained', reason: 'fan' },
      },
    ]);
    expect(await pools.setNodeState({ ...change, state: 'up', reason: null })).toEqual({ from: 'drained' });
    expect(await rows(`select usable_nodes from node_group where id = 'delegated-a'`)).toEqual([{ usable_nodes: 4 }]);
  });

  it('a node that is not there is null', async () => {
    const change = { nodeId: 'no-such', state: 'down', reason: null, at: testEpoch, actor: 'key:1' } as const;
    expect(await new PostgresPoolStore(system).setNodeState(change)).toBeNull();
  });

  it('attempts on a node that went down are found, those on a drained one are not', async () => {
    const pools = new PostgresPoolStore(system);
    const lost = await runWork(system, { nodeIndices: [0, 1] });
    await runWork(system, { nodeIndices: [2] });
    await pools.setNodeState({ nodeId: 'pinned-a-0002', state: 'down', reason: null, at: testEpoch, actor: 'key:1' });
    await pools.setNodeState({
      nodeId: 'pinned-a-0003',
      state: 'drained',
      reason: null,
      at: testEpoch,
      actor: 'key:1',
    });
    expect(await pools.attemptsOnDownNodes()).toEqual([lost.attemptId]);
  });

  it('observation moves on while the engine answers, and only a turn is told', async () => {
    const pools = new PostgresPoolStore(system);
    const seen = `select reachable, observed_at from pool where id = 'pinned'`;
    await pools.observed('pinned', true, testEpoch);
    await pools.observed('pinned', true, testEpoch - 5_000);
    expect(await rows(seen)).toEqual([{ reachable: true, observed_at: testEpoch }]);
    await pools.observed('pinned', false, testEpoch + 9_000);
    expect(await rows(seen)).toEqual([{ reachable: false, observed_at: testEpoch }]);
    expect(await rows('select kind, subject from change')).toEqual([{ kind: 'pool', subject: 'pinned' }]);
  });

  it('a pool that is off keeps its engine watched until its last attempt has ended', async () => {
    await runWork(system);
    await system.query('update pool set enabled = false');
    expect(await new PostgresPoolStore(system).engines()).toEqual([
      { poolId: 'pinned', engine: 'simulated', placement: 'pinned' },
    ]);
  });
});
