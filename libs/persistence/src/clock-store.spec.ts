import type { WallClock } from '#libs/application';
import { serviceTime } from '#libs/domain';
import { type FreshDatabase, freshDatabase, seedMinimal } from '#libs/testing';
import { PostgresClockStore } from './clock-store.js';
import { openDatabase, timestamptz, type Database } from './database.js';

const HOUR_MS = 3_600_000;
const w0 = Date.parse('2026-11-22T02:00:00Z');
const origin = Date.parse('2026-03-01T00:00:00Z');

class SetClock implements WallClock {
  at = w0;
  now(): number {
    return this.at;
  }
}

let fresh: FreshDatabase;
let system: Database;
let wall: SetClock;
let clocks: PostgresClockStore;
beforeAll(async () => {
  fresh = await freshDatabase();
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 4 });
});
beforeEach(async () => {
  wall = new SetClock();
  clocks = new PostgresClockStore(system, wall);
  await system.query('delete from service_clock');
});
afterAll(async () => {
  await system?.close();
  await fresh?.drop();
});

it('is the wall clock where none was ever set, and at rate 1', async () => {
  expect(serviceTime(await clocks.load(), w0)).toBe(w0);
  await clocks.ensure({ rate: 1, originMs: origin });
  wall.at += HOUR_MS;
  expect(serviceTime(await clocks.ensure({ rate: 1, originMs: origin }), wall.at)).toBe(wall.at);
  expect(serviceTime(await clocks.load(), wall.at)).toBe(wall.at);
});

it('at a scale begins at the origin and runs from there, the same for everybody who loads it', async () => {
  const clock = await clocks.ensure({ rate: 60, originMs: origin });
  expect(serviceTime(clock, w0)).toBe(origin);
  expect(serviceTime(clock, w0 + 60_000)).toBe(origin + HOUR_MS);
  expect(await clocks.load()).toEqual(clock);
});

it('goes on as it was for a second process that starts while the first remembers', async () => {
  const clock = await clocks.ensure({ rate: 60, originMs: origin });
  wall.at += 60_000;
  await clocks.remember(serviceTime(clock, wall.at - 1000));
  expect(await clocks.ensure({ rate: 60, originMs: 0 })).toEqual(clock);
});

it('resumes after downtime where it was last seen', async () => {
  const clock = await clocks.ensure({ rate: 60, originMs: origin });
  await clocks.remember(serviceTime(clock, w0 + 60_000));
  await clocks.remember(origin); // a late word does not turn it back
  wall.at += 24 * HOUR_MS;
  const resumed = await clocks.ensure({ rate: 60, originMs: 0 });
  expect(serviceTime(resumed, wall.at)).toBe(origin + HOUR_MS);
  expect(await clocks.load()).toEqual(resumed);
});

it('that somebody still remembers is not given another rate', async () => {
  const clock = await clocks.ensure({ rate: 60, originMs: origin });
  wall.at += 60_000;
  await clocks.remember(serviceTime(clock, wall.at));
  wall.at += 4_000;
  await expect(clocks.ensure({ rate: 600, originMs: 0 })).rejects.toThrow(/runs at rate 60 .* another process/);
  await expect(clocks.ensure({ rate: 1, originMs: 0 })).rejects.toThrow(/- use rate 60/);
  expect(await clocks.load()).toEqual(clock);
});

it('tells pools that were on before it began since when they are, and keeps that when its origin moves', async () => {
  await seedMinimal(fresh.url);
  const since = `select distinct enabled_since as since from pool where enabled`;
  const clock = await clocks.ensure({ rate: 60, originMs: origin });
  expect((await system.query(since)).rows).toEqual([{ since: origin }]);
  await clocks.remember(serviceTime(clock, w0 + 60_000));
  wall.at += 24 * HOUR_MS;
  expect((await clocks.ensure({ rate: 60, originMs: 0 })).originMs).toBe(origin + HOUR_MS);
  expect((await system.query(since)).rows).toEqual([{ since: origin }]);
});

it('goes on from where it is at a new rate', async () => {
  const clock = await clocks.ensure({ rate: 60, originMs: origin });
  wall.at += 60_000;
  await clocks.remember(serviceTime(clock, wall.at));
  wall.at += 6_000;
  const faster = await clocks.ensure({ rate: 600, originMs: 0 });
  expect(serviceTime(faster, wall.at)).toBe(origin + HOUR_MS);
  expect(serviceTime(faster, wall.at + 6000)).toBe(origin + 2 * HOUR_MS);
});

it('comes back to the wall clock when it is behind, and refuses to when it would run back', async () => {
  await clocks.ensure({ rate: 60, originMs: w0 - HOUR_MS });
  wall.at += 6_000;
  expect(serviceTime(await clocks.ensure({ rate: 1, originMs: 0 }), wall.at)).toBe(wall.at);
  await system.query('delete from service_clock');
  await clocks.ensure({ rate: 60, originMs: w0 + HOUR_MS });
  wall.at += 6_000;
  await expect(clocks.ensure({ rate: 1, originMs: 0 })).rejects.toThrow(/must not run back/);
  expect((await clocks.load()).rate).toBe(60);
});

it('made by several at once is one clock', async () => {
  const made = await Promise.all([1, 2, 3, 4].map(() => clocks.ensure({ rate: 60, originMs: origin })));
  expect(new Set(made.map((clock) => JSON.stringify(clock))).size).toBe(1);
});

// The last one: a settled hour is not taken back.
it('never runs back behind what was observed or settled after it was last seen', async () => {
  const clock = await clocks.ensure({ rate: 600, originMs: origin });
  await clocks.remember(serviceTime(clock, w0 + 6_000)); // one hour on; killed before the next word
  await system.query(`update pool set observed_at = $1 where id = 'pinned'`, [timestamptz(origin + HOUR_MS + 500_000)]);
  wall.at += HOUR_MS;
  expect(serviceTime(await clocks.ensure({ rate: 600, originMs: 0 }), wall.at)).toBe(origin + HOUR_MS + 500_000);
  await system.query(
    `insert into settlement_site_hour (site_id, hour, it_j, facility_j, direct_j, storage_j, contract_j, grid_j, green_available_j,
       green_matched_j, green_curtailed_j, grid_green_j, location_mg, market_mg, cost_micro_yuan, pue, grams_per_kwh, yuan_per_kwh,
       grid_green_share, estimated)
     values ('pinned-site', $1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, false)`,
    [timestamptz(origin + 4 * HOUR_MS)],
  );
  wall.at += HOUR_MS;
  expect(serviceTime(await clocks.ensure({ rate: 600, originMs: 0 }), wall.at)).toBe(origin + 5 * HOUR_MS);
});
