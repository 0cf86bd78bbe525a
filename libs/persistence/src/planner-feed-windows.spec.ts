import type { Delta, WindowModel } from '#libs/scheduling';
import { type FreshDatabase, aPool, aTenant, freshDatabase, insertRows } from '#libs/testing';
import { openDatabase, type Database } from './database.js';
import { PostgresPlannerFeed } from './planner-feed.js';

const t0 = Date.parse('2026-11-24T09:00:00+08:00');
const bookingId = '00000000-0000-7000-8000-00000000000b';
const maintenanceId = '00000000-0000-7000-8000-00000000000a';

let fresh: FreshDatabase;
let system: Database;
let feed: PostgresPlannerFeed;
beforeAll(async () => {
  fresh = await freshDatabase();
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 4 });
  feed = new PostgresPlannerFeed(system);
  await insertRows(system, { tenants: [aTenant('blue')], pools: [aPool('one'), aPool('two'), aPool('off', { enabled: false })] });
}); // prettier-ignore
afterAll(async () => {
  await system?.close();
  await fresh?.drop();
});

async function insert(id: string, named: { tenant?: string; class?: string; nodes: readonly string[] }): Promise<void> {
  const kind = named.tenant || named.class ? 'booking' : 'maintenance';
  await system.query(
    `with made as (
       insert into reservation (id, kind, name, tenant_id, class, starts_at, ends_at, parts, booked_until, created_at, created_by)
       values ($1, $2, 'x', $3, $4, '2026-12-01T02:00Z', '2026-12-01T04:00Z', '[]', '2026-12-02Z', now(), 'test') returning *
     )
     insert into reservation_occurrence (reservation_id, starts_at, ends_at, tenant_id) select id, starts_at, ends_at, tenant_id from made`,
    [id, kind, named.tenant ?? null, named.class ?? null],
  );
  await system.query(
    `with placed as (
       insert into reservation_node (reservation_id, starts_at, node_id, group_id, tenant_id, window_id, during)
       select o.reservation_id, o.starts_at, n.id, n.group_id, o.tenant_id, o.reservation_id || '/' || n.group_id, tstzrange(o.starts_at, o.ends_at)
       from reservation_occurrence o, node n where o.reservation_id = $1 and n.id = any($2) returning window_id
     )
     insert into change (kind, subject) select distinct 'window', window_id from placed`,
    [id, named.nodes],
  );
}
const windows = async (): Promise<readonly WindowModel[]> => (await feed.cold(t0)).snapshot.windows;
const start = Date.parse('2026-12-01T02:00:00Z') / 1000;

it('a booking over two groups is a window in each, open to its tenant and class; a maintenance is open to nobody', async () => {
  const { cursor } = await feed.cold(t0);
  await insert(bookingId, { tenant: 'blue', class: 'training', nodes: ['one-a-0003', 'one-a-0001', 'two-a-0002'] });
  await insert(maintenanceId, { nodes: ['one-a-0004'] });
  const want: WindowModel[] = [
    { id: `${maintenanceId}/one-a`, groupId: 'one-a', nodeIndices: [3], from: start, until: start + 7200, kind: 'maintenance' },
    {
      id: `${bookingId}/one-a`, groupId: 'one-a', nodeIndices: [0, 2], from: start, until: start + 7200, kind: 'booking',
      openTo: { tenants: ['blue'], classes: ['training'] },
    },
    {
      id: `${bookingId}/two-a`, groupId: 'two-a', nodeIndices: [1], from: start, until: start + 7200, kind: 'booking',
      openTo: { tenants: ['blue'], classes: ['training'] },
    },
  ]; // prettier-ignore
  expect(await windows()).toEqual(want);
  expect(await feed.since(cursor, t0)).toMatchObject({
    deltas: want.map((window): Delta => ({ kind: 'window-set', window })),
  });
});

it('a booking for one class of all tenants names no tenant', async () => {
  const id = '00000000-0000-7000-8000-00000000000c';
  await insert(id, { class: 'inference', nodes: ['two-a-0004'] });
  expect((await windows()).find((window) => window.id === `${id}/two-a`)?.openTo).toEqual({ classes: ['inference'] });
});

it('an occurrence that is no longer booked is gone, and one that ends early is told anew', async () => {
  const { cursor } = await feed.cold(t0);
  await system.query(`update reservation_occurrence set state = 'given-back' where reservation_id = $1`, [bookingId]);
  await system.query(
    `update reservation_node set during = tstzrange(lower(during), upper(during) - interval '1 hour') where reservation_id = $1`,
    [maintenanceId],
  );
  await system.query(
    `insert into change (kind, subject) select distinct 'window', window_id from reservation_node where reservation_id = any($1)`,
    [[bookingId, maintenanceId]],
  );
  expect(await feed.since(cursor, t0)).toMatchObject({
    deltas: [
      { kind: 'window-gone', windowId: `${bookingId}/one-a` },
      { kind: 'window-gone', windowId: `${bookingId}/two-a` },
      { kind: 'window-set', window: { id: `${maintenanceId}/one-a`, until: start + 3600 } },
    ],
  });
  expect((await windows()).map((window) => window.id)).not.toContain(`${bookingId}/one-a`);
});

it('pools that are off and nodes that are no longer there have no windows', async () => {
  const id = '00000000-0000-7000-8000-00000000000d';
  await insert(id, { class: 'inference', nodes: ['off-a-0001', 'two-a-0003'] });
  await system.query(`delete from node where id = 'two-a-0003'`);
  expect((await windows()).filter((window) => window.id.startsWith(id))).toEqual([]);
});

describe('no two bookings hold one node at one time', () => {
  const hold = (id: string, from: string, until: string): Promise<unknown> =>
    system.query(
      `with once as (
         insert into reservation_occurrence (reservation_id, starts_at, ends_at) values ($1, $2, $3) returning *
       ) select 1`,
      [id, from, until],
    ).then(() =>
      system.query(
        `insert into reservation_node (reservation_id, starts_at, node_id, group_id, window_id, during)
         values ($1, $2, 'one-a-0002', 'one-a', 'w', tstzrange($2::timestamptz, $3::timestamptz))`,
        [id, from, until],
      ),
    ); // prettier-ignore
  it('whoever writes: the rows exclude each other, and may meet', async () => {
    await hold(bookingId, '2027-01-01T00:00Z', '2027-01-01T02:00Z');
    await hold(maintenanceId, '2027-01-01T02:00Z', '2027-01-01T03:00Z');
    await expect(hold(maintenanceId, '2027-01-01T01:59:59Z', '2027-01-01T02:00:00Z')).rejects.toMatchObject({
      code: '23P01',
      constraint: 'reservation_node_once',
    });
  });
  it('of many that try at once, one has it', async () => {
    const tries = await Promise.allSettled(
      Array.from({ length: 8 }, (_, second) => hold(bookingId, `2027-02-01T00:00:0${second}Z`, '2027-02-01T02:00Z')),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});
