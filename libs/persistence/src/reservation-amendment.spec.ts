import type { NewReservation } from '#libs/application';
import { HOUR_MS } from '#libs/domain';
import type { Recurrence } from '#libs/scheduling';
import { BookingBench, aUuid } from '#libs/testing';

const t0 = Date.parse('2026-11-24T09:00:00+08:00');
const daily: Recurrence = { frequency: 'daily', interval: 1 };

let bench: BookingBench;
beforeAll(async () => {
  bench = await BookingBench.open(t0);
});
beforeEach(() => bench.anew());
afterAll(() => bench.close());

const which = ({ booking }: NewReservation) => ({ kind: booking.kind, id: booking.id });
describe('amending', () => {
  it('moves what has not begun, and its nodes are free where they were', async () => {
    const one = bench.aReservation();
    await bench.book(one);
    expect(
      await bench.store.amend(
        bench.operator,
        which(one),
        { name: 'exam', from: t0 + 5 * HOUR_MS, until: t0 + 6 * HOUR_MS },
        t0,
      ),
    ).toMatchObject({ kind: 'amended' });
    expect(await bench.shown(one)).toMatchObject({ name: 'exam', from: t0 + 5 * HOUR_MS });
    expect((await bench.windows()).map((window) => window.from)).toEqual([(t0 + 5 * HOUR_MS) / 1000]);
    expect(await bench.auditOf(one)).toEqual(['reservation.book', 'reservation.amend']);
  });

  it('that meets another booking changes nothing', async () => {
    const [one, two] = [
      bench.aReservation(),
      bench.aReservation({
        from: t0 + 4 * HOUR_MS,
        until: t0 + 5 * HOUR_MS,
        parts: bench.part(3),
      }),
    ];
    await bench.book(one);
    await bench.book(two);
    const before = [await bench.windows(), await bench.shown(one)];
    expect(await bench.store.amend(bench.operator, which(one), { until: t0 + 4 * HOUR_MS + 1000 }, t0)).toMatchObject({
      kind: 'taken',
      refused: { free: 1 },
    });
    expect([await bench.windows(), await bench.shown(one)]).toEqual(before);
  });

  it('of one that has begun moves its end only, on the nodes that it has', async () => {
    const one = bench.aReservation();
    await bench.book(one);
    const later = t0 + 2 * HOUR_MS;
    expect(await bench.store.amend(bench.operator, which(one), { from: t0 + 90 * 60_000 }, later)).toMatchObject({
      kind: 'unfit',
      faults: [{ field: 'from' }],
    });
    expect(await bench.store.amend(bench.operator, which(one), { parts: [] }, later)).toMatchObject({
      kind: 'unfit',
      faults: [{ field: 'parts' }],
    });
    expect(await bench.store.amend(bench.operator, which(one), { until: t0 + 8 * HOUR_MS }, later)).toMatchObject({
      kind: 'amended',
    });
    expect(await bench.windows()).toMatchObject([
      { nodeIndices: [0, 1], from: (t0 + HOUR_MS) / 1000, until: (t0 + 8 * HOUR_MS) / 1000 },
    ]);
    await bench.book(
      bench.aReservation({
        from: t0 + 8 * HOUR_MS,
        until: t0 + 9 * HOUR_MS,
        parts: bench.part([bench.node(1)]),
      }),
    );
    expect(
      await bench.store.amend(bench.operator, which(one), { until: t0 + 8 * HOUR_MS + 1000 }, later),
    ).toMatchObject({
      kind: 'taken',
    });
  });
});

describe('amending and cancelling', () => {
  it('of what comes again changes those to come and not the one under way', async () => {
    const one = bench.aReservation({ recurrence: { ...daily, count: 3 } });
    await bench.book(one);
    const later = t0 + 2 * HOUR_MS;
    await bench.store.amend(
      bench.operator,
      which(one),
      { parts: bench.part(4), recurrence: { ...daily, count: 2 } },
      later,
    );
    expect((await bench.windows()).map((window) => window.nodeIndices)).toEqual([
      [0, 1],
      [0, 1, 2, 3],
    ]);
    await bench.store.amend(bench.operator, which(one), { recurrence: null }, later);
    expect(await bench.windows()).toHaveLength(1);
  });

  it('of one that is cancelled says so, and of none that there is none', async () => {
    const one = bench.aReservation();
    await bench.book(one);
    expect(await bench.store.cancel(bench.operator, which(one), t0)).toBe('cancelled');
    expect(await bench.store.cancel(bench.operator, which(one), t0)).toBe('cancelled');
    expect(await bench.windows()).toEqual([]);
    expect(await bench.store.amend(bench.operator, which(one), { name: 'x' }, t0)).toEqual({
      kind: 'closed',
      state: 'cancelled',
    });
    expect(await bench.store.amend(bench.operator, { kind: 'booking', id: aUuid() }, { name: 'x' }, t0)).toEqual({
      kind: 'unknown',
    });
    expect(await bench.store.cancel(bench.operator, { kind: 'maintenance', id: one.booking.id }, t0)).toBe('unknown');
  });
});
