import { DAY_MS, HOUR_MS, rfc3339 } from '#libs/domain';
import { PostgresPlannerFeed, PostgresReservationKeeper } from '#libs/persistence';
import { runWork } from '#libs/testing';
import { anApiForAll } from './support/api-for-all.js';
import { blue, testNow } from './support/api-under-test.js';

const pool = 'ezhou-yueke';
const group = 'ezhou-yueke-atlas-800t-a2';
const node = (index: number): string => `${group}-${String(index + 1).padStart(4, '0')}`;
const at = (hours: number): string => rfc3339(testNow + hours * HOUR_MS);

const { api, ask } = anApiForAll();
afterEach(async () => {
  for (const table of ['reservation_node', 'reservation_occurrence', 'reservation'])
    await api.system.query(`delete from ${table}`);
});

const aReservation = (named: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  name: '期末课程 course',
  tenant: blue,
  from: at(1),
  until: at(3),
  parts: [{ pool, group, nodes: 2 }],
  ...named,
});
const aMaintenance = (named: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  name: 'new switches',
  from: at(1),
  until: at(3),
  parts: [{ pool, group, nodes: [node(0)] }],
  ...named,
});
const post = (what: 'reservations' | 'maintenance', body: unknown, headers: Record<string, string> = {}) =>
  ask(`POST /v1/${what}`, { key: api.keys.operator, body, headers });
const windows = async () => (await new PostgresPlannerFeed(api.system).cold(testNow)).snapshot.windows;

describe('a reservation', () => {
  it('is booked, shown, listed and told to the planner', async () => {
    const made = await post('reservations', aReservation({ giveBackAfterSeconds: 1800 }));
    expect({ status: made.status, location: made.headers['location'] }).toEqual({
      status: 201,
      location: `/v1/reservations/${made.body.id}`,
    });
    expect(made.body).toMatchObject({
      kind: 'booking', tenant: blue, class: null, from: at(1), until: at(3), state: 'active', giveBackAfterSeconds: 1800,
      parts: [{ pool, group, nodes: 2 }], overrun: { attempts: 0, latestEnd: null },
      occurrences: [{ from: at(1), until: at(3), state: 'booked', nodes: [node(0), node(1)], use: null }],
    }); // prettier-ignore
    const shown = await ask('GET /v1/reservations/{id}', { key: api.keys.blue, params: { id: made.body.id } });
    expect(shown.body.occurrences).toEqual(made.body.occurrences);
    expect((await ask('GET /v1/reservations', { key: api.keys.blue })).body.items).toMatchObject([
      { id: made.body.id },
    ]);
    expect((await ask('GET /v1/reservations', { key: api.keys.green })).body.items).toEqual([]);
    expect(await windows()).toMatchObject([{ groupId: group, nodeIndices: [0, 1], openTo: { tenants: [blue] } }]);
  });

  it('that comes again shows what is booked of it', async () => {
    const { body } = await post(
      'reservations',
      aReservation({ recurrence: { frequency: 'weekly', weekdays: ['mon', 'thu'], count: 3 } }),
    );
    expect(body.recurrence).toEqual({ frequency: 'weekly', interval: 1, weekdays: ['mon', 'thu'], count: 3 });
    expect(body.occurrences.map((one: { from: string }) => one.from)).toEqual([at(1), at(1 + 72), at(1 + 7 * 24)]);
  });

  it('is booked once however often it is asked for with one key', async () => {
    const key = { 'Idempotency-Key': 'course-1' };
    const first = await post('reservations', aReservation(), key);
    const again = await post('reservations', aReservation(), key);
    expect(again.body).toEqual(first.body);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(await post('reservations', aReservation({ name: 'other' }), key)).toMatchObject({
      status: 422,
      body: { code: 'idempotency-key-reused' },
    });
    expect(await windows()).toHaveLength(1);
  });

  it('whose nodes are booked is refused: what is free, what is in the way', async () => {
    const all = [{ pool, group }];
    const exam = await post('reservations', aReservation({ name: 'exam', parts: all }));
    const refused = await post('reservations', aReservation({ from: at(2), until: at(4) }));
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'nodes-booked', free: 0, asked: 2, group, inTheWay: [{ id: exam.body.id, name: 'exam', from: at(1), until: at(3) }] },
    }); // prettier-ignore
    expect(refused.body.detail).toContain(
      `0 of the 2 nodes asked of group ${group} are free of bookings; in the way: "exam"`,
    );
    expect((await post('reservations', aReservation({ from: at(3), until: at(4), parts: all }))).status).toBe(201);
  });
});

it('while others book for too long, an operator is told when to try again, and nothing was changed', async () => {
  const made = await post('reservations', aReservation());
  const asked = { key: api.keys.operator, params: { id: made.body.id } };
  const answers = await api.system.transaction(async (session) => {
    await session.query(`select pg_advisory_xact_lock(hashtext('chusuan-bookings'))`);
    return Promise.all([
      post('reservations', aReservation(), { 'Idempotency-Key': 'busy-1' }),
      ask('PATCH /v1/reservations/{id}', { ...asked, body: { name: 'other' } }),
      ask('DELETE /v1/reservations/{id}', asked),
    ]);
  });
  for (const { status, headers, body } of answers) {
    expect({ status, retryAfter: headers['retry-after'], code: body.code }).toEqual({
      status: 503,
      retryAfter: '2',
      code: 'bookings-busy',
    });
    expect(body.detail).toMatch(/nothing was changed\. Ask again/);
  }
  expect((await ask('GET /v1/reservations', { key: api.keys.operator })).body.items).toEqual([
    expect.objectContaining({ id: made.body.id, name: '期末课程 course', state: 'active' }),
  ]);
  const again = await post('reservations', aReservation(), { 'Idempotency-Key': 'busy-1' });
  expect(again.status).toBe(201);
});

describe('a reservation that stands', () => {
  it('is changed and cancelled, and then it is over', async () => {
    const { body } = await post('reservations', aReservation());
    const asked = { key: api.keys.operator, params: { id: body.id } };
    const changed = await ask('PATCH /v1/reservations/{id}', {
      ...asked,
      body: { name: 'moved', from: at(5), durationSeconds: 3600, parts: [{ pool, group, nodes: 3 }] },
    });
    expect(changed.body).toMatchObject({
      name: 'moved',
      from: at(5),
      until: at(6),
      occurrences: [{ from: at(5), nodes: [node(0), node(1), node(2)] }],
    });
    const cancelled = await ask('DELETE /v1/reservations/{id}', asked);
    expect(cancelled).toMatchObject({
      status: 200,
      body: { state: 'cancelled', occurrences: [{ state: 'cancelled', nodes: [] }] },
    });
    expect((await ask('DELETE /v1/reservations/{id}', asked)).status).toBe(200);
    expect(await ask('PATCH /v1/reservations/{id}', { ...asked, body: { name: 'x' } })).toMatchObject({
      status: 409,
      body: { code: 'reservation-over', state: 'cancelled' },
    });
    expect(await windows()).toEqual([]);
    const listed = await ask('GET /v1/reservations', { key: api.keys.operator, query: { state: 'active' } });
    expect(listed.body.items).toEqual([]);
  });

  it('is listed by pages', async () => {
    for (const hour of [1, 2, 3]) await post('reservations', aReservation({ from: at(hour), until: at(hour + 1) }));
    const first = await ask('GET /v1/reservations', { key: api.keys.operator, query: { limit: 2 } });
    const second = await ask('GET /v1/reservations', {
      key: api.keys.operator,
      query: { limit: 2, cursor: first.body.nextCursor },
    });
    expect([...first.body.items, ...second.body.items].map((one) => one.from)).toEqual([at(3), at(2), at(1)]);
    expect(second.body.nextCursor).toBeNull();
  });

  it('that is not there is told so, of both kinds', async () => {
    const { body } = await post('reservations', aReservation());
    for (const [operation, id] of [
      ['GET /v1/reservations/{id}', 'nonsense'],
      ['GET /v1/maintenance/{id}', body.id],
      ['DELETE /v1/maintenance/{id}', body.id],
      ['DELETE /v1/reservations/{id}', '00000000-0000-7000-8000-000000000000'],
    ] as const) {
      const answer = await ask(operation, { key: api.keys.operator, params: { id } });
      expect(answer).toMatchObject({ status: 404, body: { code: 'reservation-unknown' } });
    }
  });
});

const faults: Record<string, { body: Record<string, unknown>; want: [string, RegExp] }> = {
  'a start that has passed': { body: { from: at(-1) }, want: ['#/from', /has passed/] },
  'an end before its start': { body: { from: at(3), until: at(2) }, want: ['#/until', /not after from/] },
  'an end and a duration': { body: { durationSeconds: 60 }, want: ['#/until', /not both/] },
  'neither': { body: { until: undefined }, want: ['#/until', /is needed/] },
  'more than 31 days': { body: { until: rfc3339(testNow + 40 * DAY_MS) }, want: ['#/until', /31 days/] },
  'nobody it is open to': { body: { tenant: undefined }, want: ['#/tenant', /open to somebody/] },
  'a tenant that is none': { body: { tenant: 'nobody' }, want: ['#/tenant', /not a tenant/] },
  'a pool that is none': { body: { parts: [{ pool: 'x' }] }, want: ['#/parts/0/pool', /not a pool/] },
  'a group of another pool': { body: { parts: [{ pool, group: 'x' }] }, want: ['#/parts/0/group', new RegExp(group)] },
  'a node of another group': { body: { parts: [{ pool, group, nodes: [node(0), 'x'] }] }, want: ['#/parts/0/nodes/1', /not a node/] },
  'more nodes than the group has': { body: { parts: [{ pool, group, nodes: 9999 }] }, want: ['#/parts/0/nodes', /more than group/] },
  'a group twice': { body: { parts: [{ pool, group, nodes: 1 }, { pool, group, nodes: 1 }] }, want: ['#/parts/1', /again/] },
  'a first day that is not among its weekdays': {
    body: { recurrence: { frequency: 'weekly', weekdays: ['sun'] } },
    want: ['#/recurrence/weekdays', /lacks "mon"/],
  },
  'a field that is none': { body: { node: 1 }, want: ['#/node', /unknown field/] },
}; // prettier-ignore
it.each(Object.entries(faults))('%s is a fault', async (_sentence, { body, want: [pointer, detail] }) => {
  const answer = await post('reservations', aReservation(body));
  expect(answer).toMatchObject({ status: 422, body: { code: 'request-invalid' } });
  expect(answer.body.errors).toContainEqual({ pointer, detail: expect.stringMatching(detail) });
});

describe('a maintenance', () => {
  it('tells what runs past its start, and turns its nodes when its time has come', async () => {
    const work = await runWork(api.system, {
      tenantId: blue, poolId: pool, groupId: group, placedAt: testNow - 60_000, limitSeconds: 7260, perNode: { cards: 8, cores: 32, memoryGiB: 128 },
    }); // prettier-ignore
    expect(work.nodeIndices).toEqual([0]);
    const made = await post('maintenance', aMaintenance({ parts: [{ pool, group, nodes: [node(0), node(1)] }] }));
    expect(made.body).toMatchObject({ kind: 'maintenance', tenant: null, overrun: { attempts: 1, latestEnd: at(2) } });
    const keeper = new PostgresReservationKeeper(api.system);
    const state = async () => (await ask('GET /v1/nodes/{id}', { key: api.keys.green, params: { id: node(1) } })).body;
    await keeper.keep(testNow + HOUR_MS);
    expect(await state()).toMatchObject({ state: 'maintenance', stateReason: 'new switches' });
    await keeper.keep(testNow + 3 * HOUR_MS);
    expect(await state()).toMatchObject({ state: 'up', stateReason: null });
    const shown = await ask('GET /v1/maintenance/{id}', { key: api.keys.green, params: { id: made.body.id } });
    expect(shown.body).toMatchObject({ state: 'over', occurrences: [{ state: 'over' }] });
    expect((await ask('GET /v1/maintenance', { key: api.keys.green })).body.items).toHaveLength(1);
  });

  it('that drains does so at once; changed and cancelled it lets go', async () => {
    const { body } = await post(
      'maintenance',
      aMaintenance({ drain: true, parts: [{ pool, group, nodes: [node(2)] }] }),
    );
    const state = async () =>
      (await ask('GET /v1/nodes/{id}', { key: api.keys.operator, params: { id: node(2) } })).body.state;
    expect(await state()).toBe('drained');
    const asked = { key: api.keys.operator, params: { id: body.id } };
    expect((await ask('PATCH /v1/maintenance/{id}', { ...asked, body: { until: at(4) } })).body.until).toBe(at(4));
    expect((await ask('DELETE /v1/maintenance/{id}', asked)).body.state).toBe('cancelled');
    expect(await state()).toBe('up');
  });

  it('over a booking is refused, and names it', async () => {
    await post('reservations', aReservation({ name: 'exam', parts: [{ pool, group, nodes: [node(0)] }] }));
    expect(await post('maintenance', aMaintenance())).toMatchObject({
      status: 409,
      body: { inTheWay: [{ name: 'exam' }] },
    });
  });

  it('takes no count of nodes, and drains only once', async () => {
    const counted = await post('maintenance', aMaintenance({ parts: [{ pool, group, nodes: 1 }] }));
    expect(counted.body.errors).toContainEqual({
      pointer: '#/parts/0/nodes',
      detail: expect.stringContaining('is a count'),
    });
    const again = await post('maintenance', aMaintenance({ drain: true, recurrence: { frequency: 'daily' } }));
    expect(again.body.errors).toEqual([{ pointer: '#/drain', detail: 'is for a maintenance that happens once' }]);
  });
});

it('only an operator books', async () => {
  for (const key of [api.keys.blue, api.keys.planner, api.keys.auditor]) {
    expect(await ask('POST /v1/reservations', { key, body: aReservation() })).toMatchObject({
      status: 403,
      body: { code: 'role-forbidden' },
    });
    expect(await ask('POST /v1/maintenance', { key, body: aMaintenance() })).toMatchObject({ status: 403 });
  }
});
