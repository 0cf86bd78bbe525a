import type { Booked, NewReservation, ReservationView } from '#libs/application';
import { DAY_MS, HOUR_MS, uuidv7 } from '#libs/domain';
import type { Booking, Recurrence } from '#libs/scheduling';
import {
  type FreshDatabase,
  aPool,
  aTenant,
  aUuid,
  freshDatabase,
  insertRows,
  operatorKey,
  runWork,
  tenantKey,
} from '#libs/testing';
import { openDatabase, type Database } from './database.js';
import { PostgresPlannerFeed } from './planner-feed.js';
import { PostgresPoolStore } from './pool-store.js';
import { PostgresReservationKeeper } from './reservation-keeper.js';
import { PostgresReservationStore } from './reservation-store.js';

const t0 = Date.parse('2026-11-24T09:00:00+08:00');
const operator = operatorKey(['blue', 'blue-lab', 'green']);
const daily: Recurrence = { frequency: 'daily', interval: 1 };

let fresh: FreshDatabase;
let system: Database;
let app: Database;
let store: PostgresReservationStore;
let keeper: PostgresReservationKeeper;
let pool = '';
let pools = 0;
beforeAll(async () => {
  fresh = await freshDatabase();
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 12 });
  app = openDatabase(fresh.url, { role: 'chusuan_app', max: 4 });
  store = new PostgresReservationStore(app, system);
  keeper = new PostgresReservationKeeper(system);
  await insertRows(system, { tenants: [aTenant('blue'), aTenant('blue-lab', { parentId: 'blue' }), aTenant('green')] });
});
afterAll(async () => {
  await system?.close();
  await app?.close();
  await fresh?.drop();
});
/** Each test has a pool of four nodes to itself, and nothing booked before it. */
beforeEach(async () => {
  await system.query('delete from reservation_node');
  await system.query('delete from reservation_occurrence');
  await system.query('delete from reservation');
  pool = `p${++pools}`;
  await insertRows(system, { pools: [aPool(pool)] });
});

const node = (index: number): string => `${pool}-a-000${index + 1}`;
let made = 0;
/** From an hour after t0, for two hours, two nodes for blue. */
function aReservation(named: Partial<Booking> & { name?: string; drain?: boolean } = {}): NewReservation {
  const { name = 'course', drain = false, ...booking } = named;
  const kind = booking.kind ?? 'booking';
  return {
    name, drain,
    booking: {
      id: uuidv7(t0 + ++made, new Uint8Array(10)), kind, from: t0 + HOUR_MS, until: t0 + 3 * HOUR_MS,
      ...(kind === 'booking' && !booking.class && { tenantId: 'blue' }),
      parts: [{ poolId: pool, groupId: `${pool}-a`, nodes: 2 }],
      ...booking,
    },
  }; // prettier-ignore
}
const book = (asked: NewReservation, at = t0): Promise<Booked> => store.book(operator, asked, at, null);
async function shown(asked: NewReservation, at = t0, as = operator): Promise<ReservationView> {
  const view = await store.get(as, { kind: asked.booking.kind, id: asked.booking.id }, at);
  if (!view) throw new Error('not shown');
  return view;
}
const windows = async () => (await new PostgresPlannerFeed(system).cold(t0)).snapshot.windows;
const auditOf = async (id: string): Promise<string[]> =>
  (
    await system.query<{ action: string }>('select action from audit_record where subject = $1 order by id', [id])
  ).rows.map((row) => row.action);
const stateOf = async (id: string) =>
  (await system.query('select state, state_reason, state_by from node where id = $1', [id])).rows[0];
const run = (nodeIndex: number, from: number, hours: number, named: object = {}) =>
  runWork(system, {
    poolId: pool,
    groupId: `${pool}-a`,
    nodeIndices: [nodeIndex],
    placedAt: from,
    limitSeconds: hours * 3600,
    ...named,
  });

describe('booking', () => {
  it('gives nodes, tells the planner and the audit', async () => {
    const asked = aReservation();
    expect(await book(asked)).toEqual({
      kind: 'booked',
      id: asked.booking.id,
      overrun: { attempts: 0, latestEnd: null },
    });
    expect(await shown(asked)).toMatchObject({
      state: 'active', tenantId: 'blue', class: null, createdAt: t0,
      occurrences: [{ from: t0 + HOUR_MS, until: t0 + 3 * HOUR_MS, state: 'booked', nodeIds: [node(0), node(1)], use: null }],
    }); // prettier-ignore
    expect(await windows()).toEqual([
      {
        id: `${asked.booking.id}@${t0 / 1000 + 3600}/${pool}-a`, groupId: `${pool}-a`, nodeIndices: [0, 1], kind: 'booking',
        from: t0 / 1000 + 3600, until: t0 / 1000 + 10_800, openTo: { tenants: ['blue'] },
      },
    ]); // prettier-ignore
    expect(await auditOf(asked.booking.id)).toEqual(['reservation.book']);
  });

  it('takes nodes whose work ends before it, and counts the work that does not', async () => {
    await run(0, t0, 2);
    await run(2, t0, 1);
    const long = await run(3, t0, 3);
    const asked = aReservation({ parts: [{ poolId: pool, groupId: `${pool}-a`, nodes: 3 }] });
    expect(await book(asked)).toMatchObject({ overrun: { attempts: 1, latestEnd: t0 + 2 * HOUR_MS } });
    expect((await shown(asked)).occurrences[0]?.nodeIds).toEqual([node(0), node(1), node(2)]);
    const all = aReservation({
      from: t0 + 3 * HOUR_MS - 1000,
      until: t0 + 4 * HOUR_MS,
      parts: [{ poolId: pool, groupId: `${pool}-a`, nodes: [node(3)] }],
    });
    expect(await book(all)).toMatchObject({ overrun: { attempts: 1, latestEnd: t0 + 3 * HOUR_MS } });
    expect(long.nodeIndices).toEqual([3]);
  });

  it('is all or nothing over several pools', async () => {
    const other = `${pool}-other`;
    await insertRows(system, { pools: [aPool(other)] });
    const parts = (nodes: number) => [
      { poolId: pool, groupId: `${pool}-a`, nodes: 2 },
      { poolId: other, groupId: `${other}-a`, nodes },
    ];
    expect(await book(aReservation({ parts: parts(5) }))).toMatchObject({
      kind: 'taken',
      refused: { part: 1, reason: 'absent', asked: 5, free: 4 },
    });
    expect(await windows()).toEqual([]);
    expect(await book(aReservation({ parts: parts(4) }))).toMatchObject({ kind: 'booked' });
    expect((await windows()).map((window) => [window.groupId, window.nodeIndices])).toEqual([
      [`${pool}-a`, [0, 1]],
      [`${other}-a`, [0, 1, 2, 3]],
    ]);
  });

  it('names what is in the way and what is free', async () => {
    const first = aReservation({ name: 'exam', parts: [{ poolId: pool, groupId: `${pool}-a`, nodes: 3 }] });
    await book(first);
    expect(await book(aReservation())).toEqual({
      kind: 'taken', occurrence: { from: t0 + HOUR_MS, until: t0 + 3 * HOUR_MS },
      refused: {
        kind: 'refused', reason: 'taken', part: 0, groupId: `${pool}-a`, asked: 2, free: 1, unknown: [],
        inTheWay: [{ bookingId: first.booking.id, from: t0 + HOUR_MS, until: t0 + 3 * HOUR_MS }],
      },
      names: { [first.booking.id]: 'exam' },
    }); // prettier-ignore
  });

  it('may begin as another ends', async () => {
    const all = [{ poolId: pool, groupId: `${pool}-a`, nodes: 'all' as const }];
    await book(aReservation({ parts: all }));
    expect(
      (await book(aReservation({ parts: all, from: t0 + 3 * HOUR_MS - 1000, until: t0 + 4 * HOUR_MS }))).kind,
    ).toBe('taken');
    expect((await book(aReservation({ parts: all, from: t0 + 3 * HOUR_MS, until: t0 + 4 * HOUR_MS }))).kind).toBe(
      'booked',
    );
  });

  it('refuses what is unfit without writing', async () => {
    expect(await book(aReservation({ until: t0 }))).toEqual({
      kind: 'unfit',
      faults: [{ field: 'until', detail: 'is not after from' }],
    });
    expect(await windows()).toEqual([]);
  });

  it('answers a key once', async () => {
    const [asked, again] = [aReservation(), aReservation()];
    const key = { key: `k-${pool}`, fingerprint: new Uint8Array([1]) };
    expect(await store.book(operator, asked, t0, key)).toMatchObject({ kind: 'booked', id: asked.booking.id });
    expect(await store.book(operator, again, t0 + 9 * HOUR_MS, key)).toMatchObject({
      kind: 'replayed',
      id: asked.booking.id,
    });
    expect(await store.book(operator, again, t0, { ...key, fingerprint: new Uint8Array([2]) })).toEqual({
      kind: 'key-reused',
    });
    expect(await windows()).toHaveLength(1);
  });

  it('by many at once gives no node twice', async () => {
    const asked = Array.from({ length: 8 }, () =>
      aReservation({ parts: [{ poolId: pool, groupId: `${pool}-a`, nodes: 1 }] }),
    );
    const answers = await Promise.all(asked.map((one) => book(one)));
    expect(answers.map(({ kind }) => kind).sort()).toEqual([...Array(4).fill('booked'), ...Array(4).fill('taken')]);
    expect((await windows()).flatMap((window) => window.nodeIndices).sort()).toEqual([0, 1, 2, 3]);
  });
});

describe('what comes again', () => {
  it('has its nodes two weeks ahead, and each day another', async () => {
    const asked = aReservation({ recurrence: daily });
    await book(asked);
    expect(await windows()).toHaveLength(14);
    await keeper.keep(t0 + DAY_MS);
    expect(await windows()).toHaveLength(14);
    await keeper.keep(t0 + 2 * DAY_MS);
    expect((await shown(asked, t0 + 2 * DAY_MS)).occurrences.map((one) => one.state)).toEqual([
      'over', 'over', ...Array(14).fill('booked'),
    ]); // prettier-ignore
  });

  it('is met by what is booked far ahead, though it had no nodes there yet', async () => {
    await book(
      aReservation({
        name: 'course',
        recurrence: daily,
        parts: [{ poolId: pool, groupId: `${pool}-a`, nodes: 'all' }],
      }),
    );
    const far = aReservation({ from: t0 + 100 * DAY_MS, until: t0 + 100 * DAY_MS + 2 * HOUR_MS });
    expect(await book(far)).toMatchObject({ kind: 'taken', refused: { free: 0 } });
    expect(await windows()).toHaveLength(14);
  });

  it('meets what is booked far ahead when it is asked for, not when its time has come', async () => {
    const far = aReservation({
      name: 'exam',
      from: t0 + 100 * DAY_MS,
      until: t0 + 100 * DAY_MS + 2 * HOUR_MS,
      parts: [{ poolId: pool, groupId: `${pool}-a`, nodes: 3 }],
    });
    await book(far);
    expect(await book(aReservation({ recurrence: daily }))).toMatchObject({
      kind: 'taken',
      occurrence: { from: t0 + 100 * DAY_MS + HOUR_MS },
      names: { [far.booking.id]: 'exam' },
    });
    expect(await book(aReservation({ recurrence: { ...daily, count: 99 } }))).toMatchObject({ kind: 'booked' });
  });

  it('that finds its nodes gone is unmet, and the others stay', async () => {
    const [one, two] = [
      aReservation({
        recurrence: { frequency: 'daily', interval: 10 },
        parts: [{ poolId: pool, groupId: `${pool}-a`, nodes: 3 }],
      }),
      aReservation({
        from: t0 + DAY_MS + HOUR_MS,
        until: t0 + DAY_MS + 2 * HOUR_MS,
        recurrence: { frequency: 'daily', interval: 19 },
      }),
    ]; // both on day 20 for the first time
    await book(one);
    await book(two);
    const kept = await keeper.keep(t0 + 8 * DAY_MS);
    expect(kept).toMatchObject({ unmet: 1 });
    expect((await shown(two, t0 + 8 * DAY_MS)).occurrences.at(-1)).toMatchObject({ state: 'unmet', nodeIds: [] });
    expect(await auditOf(two.booking.id)).toContain('reservation.unmet');
  });
});

describe('giving back', () => {
  const asked = () => aReservation({ giveBackAfterSeconds: 1800 });
  const due = t0 + HOUR_MS + 1800_000;

  it('ends an occurrence that nobody used, and keeps the next', async () => {
    const one = aReservation({ giveBackAfterSeconds: 1800, recurrence: { ...daily, count: 2 } });
    await book(one);
    expect(await keeper.keep(due - 1)).toMatchObject({ givenBack: 0 });
    expect(await keeper.keep(due)).toMatchObject({ givenBack: 1 });
    expect((await windows()).map((window) => window.from)).toEqual([(t0 + DAY_MS + HOUR_MS) / 1000]);
    expect((await shown(one, due)).occurrences).toMatchObject([
      { state: 'given-back', until: due, use: { use: 'unused' } },
      { state: 'booked', use: null },
    ]);
    expect(await auditOf(one.booking.id)).toContain('reservation.give-back');
    expect(
      await book(
        aReservation({
          from: t0 + 2 * HOUR_MS,
          until: t0 + 3 * HOUR_MS,
          parts: [{ poolId: pool, groupId: `${pool}-a`, nodes: 4 }],
        }),
        due,
      ),
    ).toMatchObject({ kind: 'booked' });
  });

  const users: Record<string, { run: object; named?: Partial<Booking>; wantGivenBack: number }> = {
    'its tenant uses one node of two: all stay': { run: {}, wantGivenBack: 0 },
    'a tenant below uses it': { run: { tenantId: 'blue-lab' }, wantGivenBack: 0 },
    'a stranger on it is no use': { run: { tenantId: 'green' }, wantGivenBack: 1 },
    'another class of its tenant is no use': { run: { class: 'inference' }, named: { class: 'training', tenantId: 'blue' }, wantGivenBack: 1 },
    'its class of whatever tenant uses it': { run: { tenantId: 'green' }, named: { class: 'training' }, wantGivenBack: 0 },
  }; // prettier-ignore
  it.each(Object.entries(users))('%s', async (_sentence, { run: who, named, wantGivenBack }) => {
    const one = aReservation({ giveBackAfterSeconds: 1800, ...named });
    await book(one);
    await run(0, t0 + HOUR_MS, 2, who);
    expect(await keeper.keep(due)).toMatchObject({ givenBack: wantGivenBack });
    expect((await shown(one, due)).occurrences[0]?.use?.use).toBe(wantGivenBack ? 'unused' : 'partly');
  });

  it('counts from the end of the last use', async () => {
    await book(asked());
    const { attemptId } = await run(1, t0, 3);
    await system.query(`update attempt set state = 'completed', ended_at = $2 where id = $1`, [
      attemptId,
      new Date(due).toISOString(),
    ]);
    expect(await keeper.keep(due + 1800_000 - 1)).toMatchObject({ givenBack: 0 });
    expect(await keeper.keep(due + 1800_000)).toMatchObject({ givenBack: 1 });
  });
});

describe('maintenance', () => {
  const asked = (named: object = {}) => aReservation({ kind: 'maintenance', name: 'new switches', ...named });
  const [begin, end] = [t0 + HOUR_MS, t0 + 3 * HOUR_MS];

  it('takes its nodes out of service at its start, and brings them back at its end', async () => {
    const one = asked();
    await book(one);
    await keeper.keep(begin - 1);
    expect(await stateOf(node(0))).toEqual({ state: 'up', state_reason: null, state_by: null });
    expect(await keeper.keep(begin)).toMatchObject({ begun: 1 });
    expect(await stateOf(node(0))).toEqual({
      state: 'maintenance',
      state_reason: 'new switches',
      state_by: one.booking.id,
    });
    expect(await keeper.keep(begin)).toMatchObject({ begun: 0 });
    expect(await stateOf(node(2))).toMatchObject({ state: 'up' });
    const usable = () => system.query('select usable_nodes from node_group where id = $1', [`${pool}-a`]);
    expect((await usable()).rows).toEqual([{ usable_nodes: 2 }]);
    expect(await keeper.keep(end)).toMatchObject({ ended: 1 });
    expect(await stateOf(node(0))).toEqual({ state: 'up', state_reason: null, state_by: null });
    expect((await usable()).rows).toEqual([{ usable_nodes: 4 }]);
    expect(await windows()).toEqual([]);
    expect((await shown(one, end)).state).toBe('over');
  });

  it('leaves alone what somebody did by hand, before it and during it', async () => {
    const pools = new PostgresPoolStore(system);
    const set = (id: string, state: 'down' | 'maintenance' | 'up') =>
      pools.setNodeState({ nodeId: id, state, reason: 'by hand', at: t0, actor: 'test' });
    await book(asked({ parts: [{ poolId: pool, groupId: `${pool}-a`, nodes: 'all' }] }));
    await set(node(0), 'down');
    await keeper.keep(begin);
    await set(node(1), 'maintenance');
    await set(node(2), 'up');
    await keeper.keep(end);
    const states = await Promise.all([0, 1, 2, 3].map((index) => stateOf(node(index))));
    expect(states.map((one) => one?.['state'])).toEqual(['down', 'maintenance', 'up', 'up']);
  });

  it('drains at once where that is asked for, and cancelled it gives the nodes back', async () => {
    const one = asked({ drain: true });
    await book(one);
    expect(await stateOf(node(1))).toEqual({
      state: 'drained',
      state_reason: 'new switches',
      state_by: one.booking.id,
    });
    await keeper.keep(begin);
    expect(await stateOf(node(1))).toMatchObject({ state: 'maintenance' });
    expect(await store.cancel(operator, { kind: 'maintenance', id: one.booking.id }, begin + HOUR_MS)).toBe(
      'cancelled',
    );
    expect(await stateOf(node(1))).toEqual({ state: 'up', state_reason: null, state_by: null });
    expect((await shown(one, begin + HOUR_MS)).occurrences).toMatchObject([
      { state: 'cancelled', until: begin + HOUR_MS },
    ]);
  });

  it('that nobody was there to begin is ended all the same', async () => {
    await book(asked());
    expect(await keeper.keep(end + DAY_MS)).toMatchObject({ begun: 0, ended: 1 });
    expect(await stateOf(node(0))).toMatchObject({ state: 'up' });
  });
});

describe('amending', () => {
  const which = (asked: NewReservation) => ({ kind: asked.booking.kind, id: asked.booking.id });
  it('moves what has not begun, and its nodes are free where they were', async () => {
    const one = aReservation();
    await book(one);
    expect(
      await store.amend(operator, which(one), { name: 'exam', from: t0 + 5 * HOUR_MS, until: t0 + 6 * HOUR_MS }, t0),
    ).toMatchObject({ kind: 'amended' });
    expect(await shown(one)).toMatchObject({ name: 'exam', from: t0 + 5 * HOUR_MS });
    expect((await windows()).map((window) => window.from)).toEqual([(t0 + 5 * HOUR_MS) / 1000]);
    expect(await auditOf(one.booking.id)).toEqual(['reservation.book', 'reservation.amend']);
  });

  it('that meets another booking changes nothing', async () => {
    const [one, two] = [
      aReservation(),
      aReservation({
        from: t0 + 4 * HOUR_MS,
        until: t0 + 5 * HOUR_MS,
        parts: [{ poolId: pool, groupId: `${pool}-a`, nodes: 3 }],
      }),
    ];
    await book(one);
    await book(two);
    const before = [await windows(), await shown(one)];
    expect(await store.amend(operator, which(one), { until: t0 + 4 * HOUR_MS + 1000 }, t0)).toMatchObject({
      kind: 'taken',
      refused: { free: 1 },
    });
    expect([await windows(), await shown(one)]).toEqual(before);
  });

  it('of one that has begun moves its end only, on the nodes that it has', async () => {
    const one = aReservation();
    await book(one);
    const later = t0 + 2 * HOUR_MS;
    expect(await store.amend(operator, which(one), { from: t0 + 90 * 60_000 }, later)).toMatchObject({
      kind: 'unfit',
      faults: [{ field: 'from' }],
    });
    expect(await store.amend(operator, which(one), { parts: [] }, later)).toMatchObject({
      kind: 'unfit',
      faults: [{ field: 'parts' }],
    });
    expect(await store.amend(operator, which(one), { until: t0 + 8 * HOUR_MS }, later)).toMatchObject({
      kind: 'amended',
    });
    expect(await windows()).toMatchObject([
      { nodeIndices: [0, 1], from: (t0 + HOUR_MS) / 1000, until: (t0 + 8 * HOUR_MS) / 1000 },
    ]);
    await book(
      aReservation({
        from: t0 + 8 * HOUR_MS,
        until: t0 + 9 * HOUR_MS,
        parts: [{ poolId: pool, groupId: `${pool}-a`, nodes: [node(1)] }],
      }),
    );
    expect(await store.amend(operator, which(one), { until: t0 + 8 * HOUR_MS + 1000 }, later)).toMatchObject({
      kind: 'taken',
    });
  });

  it('of what comes again changes those to come and not the one under way', async () => {
    const one = aReservation({ recurrence: { ...daily, count: 3 } });
    await book(one);
    const later = t0 + 2 * HOUR_MS;
    await store.amend(
      operator,
      which(one),
      { parts: [{ poolId: pool, groupId: `${pool}-a`, nodes: 4 }], recurrence: { ...daily, count: 2 } },
      later,
    );
    expect((await windows()).map((window) => window.nodeIndices)).toEqual([
      [0, 1],
      [0, 1, 2, 3],
    ]);
    await store.amend(operator, which(one), { recurrence: null }, later);
    expect(await windows()).toHaveLength(1);
  });

  it('of one that is cancelled says so, and of none that there is none', async () => {
    const one = aReservation();
    await book(one);
    expect(await store.cancel(operator, which(one), t0)).toBe('cancelled');
    expect(await store.cancel(operator, which(one), t0)).toBe('cancelled');
    expect(await windows()).toEqual([]);
    expect(await store.amend(operator, which(one), { name: 'x' }, t0)).toEqual({ kind: 'closed', state: 'cancelled' });
    expect(await store.amend(operator, { kind: 'booking', id: aUuid() }, { name: 'x' }, t0)).toEqual({
      kind: 'unknown',
    });
    expect(await store.cancel(operator, { kind: 'maintenance', id: one.booking.id }, t0)).toBe('unknown');
  });
});

describe('who sees what', () => {
  it('a tenant sees its own bookings, those for a class and all maintenance', async () => {
    const [own, forClass, works] = [
      aReservation(),
      aReservation({ class: 'inference', parts: [{ poolId: pool, groupId: `${pool}-a`, nodes: 1 }] }),
      aReservation({ kind: 'maintenance', parts: [{ poolId: pool, groupId: `${pool}-a`, nodes: 1 }] }),
    ];
    for (const one of [own, forClass, works]) await book(one);
    const seen = async (tenant: string, kind: 'booking' | 'maintenance') =>
      (await store.list(tenantKey(tenant), { kind }, { limit: 10, after: null }, t0)).map((view) => view.id);
    expect(await seen('blue', 'booking')).toEqual([forClass.booking.id, own.booking.id]);
    expect(await seen('green', 'booking')).toEqual([forClass.booking.id]);
    expect(await seen('green', 'maintenance')).toEqual([works.booking.id]);
    expect(await store.get(tenantKey('green'), { kind: 'booking', id: own.booking.id }, t0)).toBeNull();
  });

  it('a list goes by pages and by state', async () => {
    const three = [1, 2, 3].map((hour) =>
      aReservation({ from: t0 + hour * HOUR_MS, until: t0 + (hour + 1) * HOUR_MS }),
    );
    for (const one of three) await book(one);
    await store.cancel(operator, { kind: 'booking', id: three[1]!.booking.id }, t0);
    const ids = async (state: ReservationView['state'] | undefined, after: string | null, limit: number) =>
      (await store.list(operator, { kind: 'booking', ...(state && { state }) }, { limit, after }, t0)).map(
        (view) => view.id,
      );
    const [one, two, last] = three.map((each) => each.booking.id);
    expect(await ids(undefined, null, 2)).toEqual([last, two]);
    expect(await ids(undefined, two!, 2)).toEqual([one]);
    expect(await ids('active', null, 9)).toEqual([last, one]);
    expect(await ids('cancelled', null, 9)).toEqual([two]);
  });
});
