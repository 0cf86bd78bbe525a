import { DAY_MS, HOUR_MS } from '#libs/domain';
import type { Booking, Recurrence } from '#libs/scheduling';
import { BookingBench } from '#libs/testing';
import { PostgresPoolStore } from './pool-store.js';

const t0 = Date.parse('2026-11-24T09:00:00+08:00');
const daily: Recurrence = { frequency: 'daily', interval: 1 };

let bench: BookingBench;
beforeAll(async () => {
  bench = await BookingBench.open(t0);
});
beforeEach(() => bench.anew());
afterAll(() => bench.close());

describe('giving back', () => {
  const asked = () => bench.aReservation({ giveBackAfterSeconds: 1800 });
  const due = t0 + HOUR_MS + 1800_000;

  it('ends an occurrence that nobody used, and keeps the next', async () => {
    const one = bench.aReservation({ giveBackAfterSeconds: 1800, recurrence: { ...daily, count: 2 } });
    await bench.book(one);
    expect(await bench.keeper.keep(due - 1)).toMatchObject({ givenBack: 0 });
    expect(await bench.keeper.keep(due)).toMatchObject({ givenBack: 1 });
    expect((await bench.windows()).map((window) => window.from)).toEqual([(t0 + DAY_MS + HOUR_MS) / 1000]);
    expect((await bench.shown(one, due)).occurrences).toMatchObject([
      { state: 'given-back', until: due, use: { use: 'unused' } },
      { state: 'booked', use: null },
    ]);
    expect(await bench.auditOf(one)).toContain('reservation.give-back');
    expect(
      await bench.book(
        bench.aReservation({
          from: t0 + 2 * HOUR_MS,
          until: t0 + 3 * HOUR_MS,
          parts: bench.part(4),
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
    const nodes = [bench.node(0), bench.node(1)];
    const one = bench.aReservation({ giveBackAfterSeconds: 1800, parts: bench.part(nodes), ...named });
    await bench.run(0, t0 + HOUR_MS, 2, who); // there first: nobody else is let in later
    await bench.book(one);
    expect(await bench.keeper.keep(due)).toMatchObject({ givenBack: wantGivenBack });
    expect((await bench.shown(one, due)).occurrences[0]?.use?.use).toBe(wantGivenBack ? 'unused' : 'partly');
  });

  it('counts from the end of the last use', async () => {
    await bench.book(asked());
    const { attemptId } = await bench.run(1, t0, 3);
    await bench.system.query(`update attempt set state = 'completed', ended_at = $2 where id = $1`, [
      attemptId,
      new Date(due).toISOString(),
    ]);
    expect(await bench.keeper.keep(due + 1800_000 - 1)).toMatchObject({ givenBack: 0 });
    expect(await bench.keeper.keep(due + 1800_000)).toMatchObject({ givenBack: 1 });
  });
});

describe('maintenance', () => {
  const asked = (named: object = {}) => bench.aReservation({ kind: 'maintenance', name: 'new switches', ...named });
  const [begin, end] = [t0 + HOUR_MS, t0 + 3 * HOUR_MS];

  it('takes its nodes out of service at its start, and brings them back at its end', async () => {
    const one = asked();
    await bench.book(one);
    await bench.keeper.keep(begin - 1);
    expect(await bench.stateOf(bench.node(0))).toEqual({ state: 'up', state_reason: null, state_by: null });
    expect(await bench.keeper.keep(begin)).toMatchObject({ begun: 1 });
    expect(await bench.stateOf(bench.node(0))).toEqual({
      state: 'maintenance',
      state_reason: 'new switches',
      state_by: one.booking.id,
    });
    expect(await bench.keeper.keep(begin)).toMatchObject({ begun: 0 });
    expect(await bench.stateOf(bench.node(2))).toMatchObject({ state: 'up' });
    const usable = () => bench.system.query('select usable_nodes from node_group where id = $1', [`${bench.pool}-a`]);
    expect((await usable()).rows).toEqual([{ usable_nodes: 2 }]);
    expect(await bench.keeper.keep(end)).toMatchObject({ ended: 1 });
    expect(await bench.stateOf(bench.node(0))).toEqual({ state: 'up', state_reason: null, state_by: null });
    expect((await usable()).rows).toEqual([{ usable_nodes: 4 }]);
    expect(await bench.windows()).toEqual([]);
    expect((await bench.shown(one, end)).state).toBe('over');
  });

  it('leaves alone what somebody did by hand, before it and during it', async () => {
    const pools = new PostgresPoolStore(bench.system);
    const set = (id: string, state: 'down' | 'maintenance' | 'up') =>
      pools.setNodeState({ nodeId: id, state, reason: 'by hand', at: t0, actor: 'test' });
    await bench.book(asked({ parts: bench.part('all') }));
    await set(bench.node(0), 'down');
    await bench.keeper.keep(begin);
    await set(bench.node(1), 'maintenance');
    await set(bench.node(2), 'up');
    await bench.keeper.keep(end);
    const states = await Promise.all([0, 1, 2, 3].map((index) => bench.stateOf(bench.node(index))));
    expect(states.map((one) => one?.['state'])).toEqual(['down', 'maintenance', 'up', 'up']);
  });

  it('drains at once where that is asked for, and cancelled it gives the nodes back', async () => {
    const one = asked({ drain: true });
    await bench.book(one);
    expect(await bench.stateOf(bench.node(1))).toEqual({
      state: 'drained',
      state_reason: 'new switches',
      state_by: one.booking.id,
    });
    await bench.keeper.keep(begin);
    expect(await bench.stateOf(bench.node(1))).toMatchObject({ state: 'maintenance' });
    expect(await bench.store.cancel(bench.operator, { kind: 'maintenance', id: one.booking.id }, begin + HOUR_MS)).toBe(
      'cancelled',
    );
    expect(await bench.stateOf(bench.node(1))).toEqual({ state: 'up', state_reason: null, state_by: null });
    expect((await bench.shown(one, begin + HOUR_MS)).occurrences).toMatchObject([
      { state: 'cancelled', until: begin + HOUR_MS },
    ]);
  });

  it('that nobody was there to begin is ended all the same', async () => {
    await bench.book(asked());
    expect(await bench.keeper.keep(end + DAY_MS)).toMatchObject({ begun: 0, ended: 1 });
    expect(await bench.stateOf(bench.node(0))).toMatchObject({ state: 'up' });
  });
});
