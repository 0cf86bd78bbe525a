import type { SimulatedJob } from '#libs/application';
import { type FreshDatabase, aUuid, freshDatabase } from '#libs/testing';
import { openDatabase, type Database } from './database.js';
import { PostgresSimulatedEngineStore } from './simulated-engine-store.js';

const t0 = Date.parse('2026-11-22T02:00:00Z');
const aJob = (named: Partial<SimulatedJob> = {}): SimulatedJob => {
  const attemptId = aUuid();
  return {
    attemptId, poolId: 'pinned', ref: `sim-${attemptId}`, state: 'held', runSeconds: 12.5, limitSeconds: 60, ending: 'completed',
    nodeIds: ['a', 'b'], preparedAt: t0, stagedUntil: null, startedAt: null, endedAt: null, outcome: null, exitCode: null, ...named,
  }; // prettier-ignore
};

let fresh: FreshDatabase;
let system: Database;
let store: PostgresSimulatedEngineStore;
beforeAll(async () => {
  fresh = await freshDatabase();
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 2 });
  store = new PostgresSimulatedEngineStore(system);
});
afterAll(async () => {
  await system?.close();
  await fresh?.drop();
});

it('keeps jobs by attempt and gives back the living, the ended since an instant, and any one', async () => {
  const held = aJob({ stagedUntil: t0 + 700 });
  const ended = aJob({ state: 'ended', startedAt: t0, endedAt: t0 + 5000, outcome: 'timeout', exitCode: 137 });
  await store.put([held, ended, aJob({ poolId: 'other' })]);
  expect(await store.alive('pinned')).toEqual([held]);
  expect(await store.endedSince('pinned', t0 + 5000)).toEqual([ended]);
  expect(await store.endedSince('pinned', t0 + 5001)).toEqual([]);
  const running: SimulatedJob = { ...held, state: 'running', startedAt: t0 + 1000 };
  await store.put([held, running]); // the last word about an attempt counts
  expect(await store.find(held.attemptId)).toEqual(running);
  expect(await store.find(aUuid())).toBeNull();
  await store.put([]);
});
