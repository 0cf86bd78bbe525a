import type { DispatchOrder } from '#libs/application';
import { InMemorySimulatedEngineStore, SimulatedEngine } from './index.js';
import { environmentOf } from './local-order.js';

const t0 = Date.parse('2026-11-22T08:00:00+08:00');
const uuid = (value: number): string => `00000000-0000-4000-8000-${value.toString(16).padStart(12, '0')}`;
const pool = {
  id: 'pool',
  placement: 'pinned' as const,
  nodes: ['n1', 'n2'].map((id) => ({ id, groupId: 'g', shape: { cards: 2, cores: 64, memoryGiB: 512 } })),
};

/** A minute of so many milli-cards of these cards of one node; of any card where none is named. */
const anOrder = (attempt: number, on: { node?: string; devices?: number[]; milli?: number }): DispatchOrder => ({
  attemptId: uuid(attempt),
  jobId: uuid(0xb000 + attempt),
  tenantId: 'blue',
  poolId: 'pool',
  groupId: 'g',
  nodeIds: [on.node ?? 'n1'],
  nodes: 1,
  perNode: { cards: on.milli === undefined ? 1 : on.milli / 1000, cores: 2, memoryGiB: 16 },
  ...(on.devices && { sharing: { kind: 'vnpu', milli: on.milli ?? 1000, devices: [on.devices] } }),
  limitSeconds: 3600,
  run: { simulated: { runSeconds: 60 } },
  name: `job ${attempt}`,
});

async function play(orders: readonly DispatchOrder[], reopenAfter = Infinity): Promise<string[]> {
  const store = new InMemorySimulatedEngineStore();
  const open = () => new SimulatedEngine({ pool, store, ids: { uuid: () => uuid((made += 1)) } });
  let made = 0xc000;
  let engine = open();
  for (const [index, order] of orders.entries()) {
    if (index === reopenAfter) engine = open();
    const answer = await engine.prepare(order, t0);
    if (answer.kind === 'prepared') await engine.release(order.attemptId, answer.ref, t0);
  }
  const told = await engine.observe(t0, t0 + 1000);
  return orders.map((order) => told.find((job) => job.attemptId === order.attemptId)?.state ?? 'rejected');
}

const quarter = (devices: number[]) => ({ devices, milli: 250 });
const cases = {
  'four quarters run on one card and a fifth on it waits': {
    on: [[0], [0], [0], [0], [0]].map(quarter),
    want: ['running', 'running', 'running', 'running', 'held'],
  },
  'a fifth on the other card runs': {
    on: [[0], [0], [0], [0], [1]].map(quarter),
    want: ['running', 'running', 'running', 'running', 'running'],
  },
  'a whole card runs beside a quarter of the other one, and not on the same': {
    on: [quarter([0]), { devices: [1] }, { devices: [0] }],
    want: ['running', 'running', 'held'],
  },
  'a card that nobody named is none of those that have a part in use': {
    on: [quarter([0]), quarter([1]), {}],
    want: ['running', 'running', 'held'],
  },
  'a card that the node does not have is rejected': { on: [quarter([2])], want: ['rejected'] },
};
it.each(Object.entries(cases))('%s', async (_sentence, { on, want }) => {
  const orders = on.map((taking, index) => anOrder(index + 1, taking));
  expect(await play(orders)).toEqual(want);
  // Its books are rebuilt from what is stored.
  expect(await play(orders, orders.length - 1)).toEqual(want);
});

it('a card whose last part has ended is whole again', async () => {
  const store = new InMemorySimulatedEngineStore();
  let made = 0xc000;
  const engine = new SimulatedEngine({ pool, store, ids: { uuid: () => uuid((made += 1)) } });
  const thirds = [1, 2, 3, 4, 5, 6].map((n) => anOrder(n, { devices: [n % 2], milli: 333 }));
  for (const order of [...thirds, anOrder(7, { devices: [0, 1] })]) {
    const answer = await engine.prepare(order, t0);
    if (answer.kind === 'prepared') await engine.release(order.attemptId, answer.ref, t0);
  }
  const seventh = async (now: number) => (await engine.observe(t0, now)).find((job) => job.attemptId === uuid(7));
  expect((await seventh(t0 + 59_000))?.state).toBe('held');
  expect(await seventh(t0 + 61_000)).toMatchObject({ state: 'running', startedAt: t0 + 60_000 });
});

it('a local job is told its cards, and one without shared cards hears nothing of it', () => {
  const told = environmentOf(anOrder(1, { devices: [0, 1], milli: 250 }), '/work');
  expect(told).toMatchObject({ CHUSUAN_CARDS: '0,1', CHUSUAN_CARD_MILLI: '250', CHUSUAN_CARD_SHARING: 'vnpu' });
  expect(Object.keys(environmentOf(anOrder(1, {}), '/work')).filter((name) => /CARD/.test(name))).toEqual([]);
});
