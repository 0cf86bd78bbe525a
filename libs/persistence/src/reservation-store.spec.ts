import type { ReservationView } from '#libs/application';
import { DAY_MS, HOUR_MS } from '#libs/domain';
import type { Recurrence } from '#libs/scheduling';
import { BookingBench, aPool, insertRows, tenantKey } from '#libs/testing';

const t0 = Date.parse('2026-11-24T09:00:00+08:00');
const daily: Recurrence = { frequency: 'daily', interval: 1 };

let bench: BookingBench;
beforeAll(async () => {
  bench = await BookingBench.open(t0);
});
beforeEach(() => bench.anew());
afterAll(() => bench.close());

describe('booking', () => {
  it('gives nodes, tells the planner and the audit', async () => {
    const asked = bench.aReservation();
    expect(await bench.book(asked)).toEqual({
      kind: 'booked',
      id: asked.booking.id,
      overrun: { attempts: 0, latestEnd: null },
    });
    expect(await bench.shown(asked)).toMatchObject({
      state: 'active', tenantId: 'blue', class: null, createdAt: t0,
      occurrences: [{ from: t0 + HOUR_MS, until: t0 + 3 * HOUR_MS, state: 'booked', nodeIds: [bench.node(0), bench.node(1)], use: null }],
    }); // prettier-ignore
    expect(await bench.windows()).toEqual([
      {
        id: `${asked.booking.id}@${t0 / 1000 + 3600}/${bench.pool}-a`, groupId: `${bench.pool}-a`, nodeIndices: [0, 1], kind: 'booking',
        from: t0 / 1000 + 3600, until: t0 / 1000 + 10_800, openTo: { tenants: ['blue'] },
      },
    ]); // prettier-ignore
    expect(await bench.auditOf(asked)).toEqual(['reservation.book']);
  });

  it('takes nodes whose work ends before it, and counts the work that does not', async () => {
    await bench.run(0, t0, 2);
    await bench.run(2, t0, 1);
    const long = await bench.run(3, t0, 3);
    const asked = bench.aReservation({ parts: bench.part(3) });
    expect(await bench.book(asked)).toMatchObject({ overrun: { attempts: 1, latestEnd: t0 + 2 * HOUR_MS } });
    expect((await bench.shown(asked)).occurrences[0]?.nodeIds).toEqual([bench.node(0), bench.node(1), bench.node(2)]);
    const all = bench.aReservation({
      from: t0 + 3 * HOUR_MS - 1000,
      until: t0 + 4 * HOUR_MS,
      parts: bench.part([bench.node(3)]),
    });
    expect(await bench.book(all)).toMatchObject({ overrun: { attempts: 1, latestEnd: t0 + 3 * HOUR_MS } });
    expect(long.nodeIndices).toEqual([3]);
  });

  it('is all or nothing over several pools', async () => {
    const other = `${bench.pool}-other`;
    await insertRows(bench.system, { pools: [aPool(other)] });
    const parts = (nodes: number) => [
      { poolId: bench.pool, groupId: `${bench.pool}-a`, nodes: 2 },
      { poolId: other, groupId: `${other}-a`, nodes },
    ];
    expect(await bench.book(bench.aReservation({ parts: parts(5) }))).toMatchObject({
      kind: 'taken',
      refused: { part: 1, reason: 'absent', asked: 5, free: 4 },
    });
    expect(await bench.windows()).toEqual([]);
    expect(await bench.book(bench.aReservation({ parts: parts(4) }))).toMatchObject({ kind: 'booked' });
    expect((await bench.windows()).map((window) => [window.groupId, window.nodeIndices])).toEqual([
      [`${bench.pool}-a`, [0, 1]],
      [`${other}-a`, [0, 1, 2, 3]],
    ]);
  });

  it('names what is in the way and what is free', async () => {
    const first = bench.aReservation({ name: 'exam', parts: bench.part(3) });
    await bench.book(first);
    expect(await bench.book(bench.aReservation())).toEqual({
      kind: 'taken', occurrence: { from: t0 + HOUR_MS, until: t0 + 3 * HOUR_MS },
      refused: {
        kind: 'refused', reason: 'taken', part: 0, groupId: `${bench.pool}-a`, asked: 2, free: 1, unknown: [],
        inTheWay: [{ bookingId: first.booking.id, from: t0 + HOUR_MS, until: t0 + 3 * HOUR_MS }],
      },
      names: { [first.booking.id]: 'exam' },
    }); // prettier-ignore
  });
});

describe('booking beside others', () => {
  it('may begin as another ends', async () => {
    const all = bench.part('all' as const);
    await bench.book(bench.aReservation({ parts: all }));
    expect(
      (await bench.book(bench.aReservation({ parts: all, from: t0 + 3 * HOUR_MS - 1000, until: t0 + 4 * HOUR_MS })))
        .kind,
    ).toBe('taken');
    expect(
      (await bench.book(bench.aReservation({ parts: all, from: t0 + 3 * HOUR_MS, until: t0 + 4 * HOUR_MS }))).kind,
    ).toBe('booked');
  });

  it('refuses what is unfit without writing', async () => {
    expect(await bench.book(bench.aReservation({ until: t0 }))).toEqual({
      kind: 'unfit',
      faults: [{ field: 'until', detail: 'is not after from' }],
    });
    expect(await bench.windows()).toEqual([]);
  });

  it('answers a key once', async () => {
    const [asked, again] = [bench.aReservation(), bench.aReservation()];
    const key = { key: `k-${bench.pool}`, fingerprint: new Uint8Array([1]) };
    expect(await bench.store.book(bench.operator, asked, t0, key)).toMatchObject({
      kind: 'booked',
      id: asked.booking.id,
    });
    expect(await bench.store.book(bench.operator, again, t0 + 9 * HOUR_MS, key)).toMatchObject({
      kind: 'replayed',
      id: asked.booking.id,
    });
    expect(await bench.store.book(bench.operator, again, t0, { ...key, fingerprint: new Uint8Array([2]) })).toEqual({
      kind: 'key-reused',
    });
    expect(await bench.windows()).toHaveLength(1);
  });

  it('by many at once gives no node twice', async () => {
    const asked = Array.from({ length: 8 }, () => bench.aReservation({ parts: bench.part(1) }));
    const answers = await Promise.all(asked.map((one) => bench.book(one)));
    expect(answers.map(({ kind }) => kind).sort()).toEqual([...Array(4).fill('booked'), ...Array(4).fill('taken')]);
    expect((await bench.windows()).flatMap((window) => window.nodeIndices).sort((a, b) => a - b)).toEqual([0, 1, 2, 3]);
  });
});

describe('what comes again', () => {
  it('has its nodes two weeks ahead, and each day another', async () => {
    const asked = bench.aReservation({ recurrence: daily });
    await bench.book(asked);
    expect(await bench.windows()).toHaveLength(14);
    await bench.keeper.keep(t0 + DAY_MS);
    expect(await bench.windows()).toHaveLength(14);
    await bench.keeper.keep(t0 + 2 * DAY_MS);
    expect((await bench.shown(asked, t0 + 2 * DAY_MS)).occurrences.map((one) => one.state)).toEqual([
      'over', 'over', ...Array(14).fill('booked'),
    ]); // prettier-ignore
  });

  it('is met by what is booked far ahead, though it had no nodes there yet', async () => {
    await bench.book(
      bench.aReservation({
        name: 'course',
        recurrence: daily,
        parts: bench.part('all'),
      }),
    );
    const far = bench.aReservation({ from: t0 + 100 * DAY_MS, until: t0 + 100 * DAY_MS + 2 * HOUR_MS });
    expect(await bench.book(far)).toMatchObject({ kind: 'taken', refused: { free: 0 } });
    expect(await bench.windows()).toHaveLength(14);
  });

  it('meets what is booked far ahead when it is asked for, not when its time has come', async () => {
    const far = bench.aReservation({
      name: 'exam',
      from: t0 + 100 * DAY_MS,
      until: t0 + 100 * DAY_MS + 2 * HOUR_MS,
      parts: bench.part(3),
    });
    await bench.book(far);
    expect(await bench.book(bench.aReservation({ recurrence: daily }))).toMatchObject({
      kind: 'taken',
      occurrence: { from: t0 + 100 * DAY_MS + HOUR_MS },
      names: { [far.booking.id]: 'exam' },
    });
    expect(await bench.book(bench.aReservation({ recurrence: { ...daily, count: 99 } }))).toMatchObject({
      kind: 'booked',
    });
  });

  it('that finds its nodes gone is unmet, and the others stay', async () => {
    const [one, two] = [
      bench.aReservation({
        recurrence: { frequency: 'daily', interval: 10 },
        parts: bench.part(3),
      }),
      bench.aReservation({
        from: t0 + DAY_MS + HOUR_MS,
        until: t0 + DAY_MS + 2 * HOUR_MS,
        recurrence: { frequency: 'daily', interval: 19 },
      }),
    ]; // both on day 20 for the first time
    await bench.book(one);
    await bench.book(two);
    const kept = await bench.keeper.keep(t0 + 8 * DAY_MS);
    expect(kept).toMatchObject({ unmet: 1 });
    expect((await bench.shown(two, t0 + 8 * DAY_MS)).occurrences.at(-1)).toMatchObject({ state: 'unmet', nodeIds: [] });
    expect(await bench.auditOf(two)).toContain('reservation.unmet');
  });
});

describe('who sees what', () => {
  it('a tenant sees its own bookings, those for a class and all maintenance', async () => {
    const [own, forClass, works] = [
      bench.aReservation(),
      bench.aReservation({ class: 'inference', parts: bench.part(1) }),
      bench.aReservation({ kind: 'maintenance', parts: bench.part(1) }),
    ];
    for (const one of [own, forClass, works]) await bench.book(one);
    const seen = async (tenant: string, kind: 'booking' | 'maintenance') =>
      (await bench.store.list(tenantKey(tenant), { kind }, { limit: 10, after: null }, t0)).map((view) => view.id);
    expect(await seen('blue', 'booking')).toEqual([forClass.booking.id, own.booking.id]);
    expect(await seen('green', 'booking')).toEqual([forClass.booking.id]);
    expect(await seen('green', 'maintenance')).toEqual([works.booking.id]);
    expect(await bench.store.get(tenantKey('green'), { kind: 'booking', id: own.booking.id }, t0)).toBeNull();
  });

  it('a list goes by pages and by state', async () => {
    const three = [1, 2, 3].map((hour) =>
      bench.aReservation({ from: t0 + hour * HOUR_MS, until: t0 + (hour + 1) * HOUR_MS }),
    );
    for (const one of three) await bench.book(one);
    await bench.store.cancel(bench.operator, { kind: 'booking', id: three[1]!.booking.id }, t0);
    const ids = async (state: ReservationView['state'] | undefined, after: string | null, limit: number) =>
      (await bench.store.list(bench.operator, { kind: 'booking', ...(state && { state }) }, { limit, after }, t0)).map(
        (view) => view.id,
      );
    const [one, two, last] = three.map((each) => each.booking.id);
    expect(await ids(undefined, null, 2)).toEqual([last, two]);
    expect(await ids(undefined, two!, 2)).toEqual([one]);
    expect(await ids('active', null, 9)).toEqual([last, one]);
    expect(await ids('cancelled', null, 9)).toEqual([two]);
  });
});
