import { HOUR_MS } from '#libs/domain';
import { aPool, BookingBench, insertRows } from '#libs/testing';
import { PostgresCatalogueReader } from './catalogue-reader.js';
import { PostgresPoolStore } from './pool-store.js';

const t0 = Date.parse('2026-11-24T09:00:00+08:00');
const from = t0 + HOUR_MS;
const until = t0 + 3 * HOUR_MS;
const half = { cards: 4, cores: 32, memoryGiB: 256 };

let bench: BookingBench;
beforeAll(async () => {
  bench = await BookingBench.open(t0);
});
beforeEach(() => bench.anew());
afterAll(() => bench.close());

const groupAt = async (at: number, pool = bench.pool) =>
  (await new PostgresCatalogueReader(bench.app, bench.system).pool(pool, at))!.groups[0]!;
const bookNodes = (...indices: number[]) =>
  bench.book(bench.aReservation({ parts: bench.part(indices.map((index) => bench.node(index))) }));

describe('what is booked and not in use shows as reserved', () => {
  const cases: Record<string, { at: number; want: number }> = {
    'not a millisecond before the booking begins': { at: from - 1, want: 0 },
    'as it begins': { at: from, want: 16 },
    'up to its last millisecond': { at: until - 1, want: 16 },
    'and no longer as it ends': { at: until, want: 0 },
  };
  it.each(Object.entries(cases))('%s', async (_sentence, { at, want }) => {
    await bookNodes(0, 1);
    const { cards, cores, memoryGiB } = await groupAt(at);
    expect(cards).toEqual({ free: 32 - want, allocated: 0, reserved: want, drained: 0, down: 0, maintenance: 0 });
    expect([cores.reserved, cores.free]).toEqual([want * 8, 256 - want * 8]);
    expect([memoryGiB.reserved, memoryGiB.free]).toEqual([want * 64, 2048 - want * 64]);
  });

  it('what runs there is allocated, and only the rest reserved', async () => {
    await bookNodes(0, 1);
    await bench.run(0, from, 1, { perNode: half });
    await bench.run(2, from, 1);
    expect((await groupAt(from)).cards).toMatchObject({ free: 8, allocated: 12, reserved: 12 });
  });

  it('a booked node that is not up shows as what it is', async () => {
    await bookNodes(0, 1);
    const down = { nodeId: bench.node(0), state: 'down', reason: 'test', at: from, actor: 'test' } as const;
    await new PostgresPoolStore(bench.system).setNodeState(down);
    expect((await groupAt(from)).cards).toMatchObject({ free: 16, reserved: 8, down: 8 });
  });

  it('a booking that was cancelled holds nothing, and a maintenance is no booking', async () => {
    const asked = bench.aReservation({ parts: bench.part([bench.node(0)]) });
    await bench.book(asked);
    await bench.store.cancel(bench.operator, asked.booking, t0);
    await bench.book(bench.aReservation({ kind: 'maintenance', parts: bench.part([bench.node(1)]) }));
    expect((await groupAt(from)).cards).toMatchObject({ free: 32, reserved: 0 });
  });

  it('where the engine has put work on what is booked, what is left of the group is all that is reserved', async () => {
    const pool = `${bench.pool}-d`;
    await insertRows(bench.system, { pools: [aPool(pool, { placement: 'delegated' })] });
    const nodes = [0, 1, 2].map((index) => `${pool}-a-000${index + 1}`);
    const parts = [{ poolId: pool, groupId: `${pool}-a`, nodes }];
    expect((await bench.book(bench.aReservation({ parts }))).kind).toBe('booked');
    expect((await groupAt(from, pool)).cards).toMatchObject({ free: 8, allocated: 0, reserved: 24 });
    const where = { poolId: pool, groupId: `${pool}-a` };
    // Two nodes' worth, of which the engine has not said where it is.
    await bench.run(0, t0, 9, { ...where, nodes: 2, nodeIndices: [], startedAt: null });
    expect((await groupAt(from, pool)).cards).toMatchObject({ free: 0, allocated: 16, reserved: 16 });
  });
});

it('without a time it is read by the clock of the service', async () => {
  const reader = new PostgresCatalogueReader(bench.app, bench.system);
  await bookNodes(0);
  const reserved = async () => (await reader.pool(bench.pool))!.groups[0]!.cards.reserved;
  const clockAt = (at: number) =>
    bench.system.query(
      `insert into service_clock (id, origin, wall_origin, rate, seen_at) values (1, $1, clock_timestamp() - interval '1 hour', 2, $1)
       on conflict (id) do update set origin = $1, wall_origin = excluded.wall_origin, seen_at = $1`,
      [new Date(at)],
    );
  await clockAt(from - 1);
  expect(await reserved()).toBe(0);
  await clockAt(from);
  expect(await reserved()).toBe(8);
});
