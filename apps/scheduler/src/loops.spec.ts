import { setTimeout as sleep } from 'node:timers/promises';
import { type SchedulerDependencies, type SchedulerEvent, SchedulerLoops } from './loops.js';

/** Everything a scheduler drives, counting its calls; what a test does not name does nothing. */
function aScheduler(named: {
  lease?: () => { leading: boolean; epoch: number };
  cycle?: () => Promise<{ fenced: boolean }>;
  dispatch?: () => Promise<void>;
  upkeep?: SchedulerDependencies['upkeep'];
  kept?: { begun?: number; givenBack?: number; unmet?: number; busy?: boolean };
}) {
  const events: SchedulerEvent[] = [];
  const calls = {
    cycle: [] as number[],
    dispatch: 0,
    observe: 0,
    settle: [] as unknown[],
    forget: 0,
    renew: 0,
    released: 0,
  };
  const kept = { begun: 0, ended: 0, givenBack: 0, booked: 0, unmet: 0, busy: false };
  const outcome = { cycle: 1, started: 0, refused: 0, waiting: 0, more: false };
  const dependencies = {
    holder: 'this one',
    time: { now: () => 1_000, rate: 1 },
    lease: {
      acquire: async () => (named.lease ?? (() => ({ leading: true, epoch: 7 })))(),
      release: async () => void (calls.released += 1),
    },
    clock: { remember: async () => undefined },
    cycle: {
      execute: async (epoch: number) => {
        calls.cycle.push(epoch);
        return { ...outcome, ...(await (named.cycle ?? (async () => ({ fenced: false })))()) };
      },
      forget: () => void (calls.forget += 1),
    },
    dispatch: {
      execute: async () => {
        calls.dispatch += 1;
        await named.dispatch?.();
        return { done: 0, failed: 0, more: false };
      },
    },
    observe: {
      execute: async () => {
        calls.observe += 1;
        return { started: 0, ended: 0, lost: 0, strangers: 0, unreachable: [] };
      },
    },
    settle: {
      execute: async (_now: number, observation: unknown) => {
        calls.settle.push(observation);
        return { settled: 0, more: false };
      },
    },
    reservations: {
      execute: async () => ({ ...kept, ...named.kept, changed: (named.kept?.begun ?? 0) > 0 }),
    },
    demand: null,
    policy: null,
    upkeep: named.upkeep ?? [],
    renewEngines: () => void (calls.renew += 1),
    report: (event: SchedulerEvent) => void events.push(event),
    options: { leaseTtlMs: 1_000 },
  };
  // The loops use these few methods of the use cases; each use case has its own tests.
  return { loops: new SchedulerLoops(dependencies as unknown as SchedulerDependencies), calls, events };
}
const aMoment = (): Promise<void> => sleep(20);

it('does nothing before it leads, and everything under the epoch of its lease once it does', async () => {
  const { loops, calls, events } = aScheduler({});
  for (const work of ['cycle', 'dispatch', 'observe', 'settle'] as const) loops.poke(work);
  await aMoment();
  expect(calls).toMatchObject({ cycle: [], dispatch: 0, observe: 0, settle: [] });
  await loops.renew();
  await aMoment();
  expect(calls.renew).toBe(1); // what the engines remember from before is out of date
  expect(calls.observe).toBeGreaterThan(0);
  expect(new Set(calls.cycle)).toEqual(new Set([7]));
  expect(events).toContainEqual({ kind: 'leading', epoch: 7 });
  await loops.stop();
  expect(calls.released).toBe(1);
});

it('renews its lease while work comes to rest before it leads again, and makes its engines anew once', async () => {
  let end = (): void => undefined;
  let holder = { leading: true, epoch: 7 };
  let renewals = 0;
  const { loops, calls } = aScheduler({
    lease: () => ({ ...holder, renewals: (renewals += 1) }),
    dispatch: () => new Promise<void>((resolve) => (end = resolve)),
  });
  await loops.renew();
  loops.poke('dispatch');
  await aMoment();
  holder = { leading: false, epoch: 8 };
  await loops.renew();
  holder = { leading: true, epoch: 9 };
  const taking = [loops.renew(), loops.renew(), loops.renew()];
  await aMoment();
  expect({ renewals, engines: calls.renew, leads: loops.isLeading }).toEqual({ renewals: 5, engines: 1, leads: false });
  end();
  await Promise.all(taking);
  expect({ engines: calls.renew, leads: loops.isLeading }).toEqual({ engines: 2, leads: true });
  end();
  await loops.stop();
});

it('keeps reservations while it leads: plans anew when windows changed, tells what was given back', async () => {
  const { loops, calls, events } = aScheduler({ kept: { begun: 1, givenBack: 2 } });
  loops.poke('reservations');
  await aMoment();
  expect(events).toEqual([]);
  await loops.renew();
  await aMoment();
  const before = calls.cycle.length;
  loops.poke('reservations');
  await aMoment();
  expect(events).toContainEqual({ kind: 'reserved', givenBack: 2, unmet: 0 });
  expect(calls.cycle.length).toBeGreaterThan(before);
  await loops.stop();
});

it('tells once that others hold up its keeping of reservations, tries again, and plans all the while', async () => {
  const kept = { begun: 1, busy: true };
  const { loops, calls, events } = aScheduler({ kept });
  await loops.renew();
  await aMoment();
  for (let turn = 0; turn < 2; turn += 1) {
    const before = calls.cycle.length;
    loops.poke('reservations');
    await aMoment();
    expect(calls.cycle.length).toBeGreaterThan(before);
  }
  kept.busy = false;
  loops.poke('reservations');
  await aMoment();
  const what = 'reservations';
  const error = new Error('others booked, or held nodes of bookings, for too long');
  expect(events.slice(1)).toEqual([
    { kind: 'failed', what, error },
    { kind: 'recovered', what },
  ]);
  await loops.stop();
});

it('settles nothing before it has looked at the engines itself', async () => {
  const { loops, calls } = aScheduler({});
  await loops.renew();
  loops.poke('settle');
  await aMoment();
  loops.poke('settle');
  await aMoment();
  expect(calls.settle.at(-1)).toEqual({ first: 1_000, last: 1_000 });
  await loops.stop();
});

it('stands by when another has the lease, and steps down when a commit is fenced', async () => {
  let holder = { leading: true, epoch: 7 };
  const { loops, calls, events } = aScheduler({ lease: () => holder, cycle: async () => ({ fenced: true }) });
  await loops.renew();
  await aMoment();
  expect(loops.isLeading).toBe(false);
  holder = { leading: false, epoch: 8 };
  await loops.renew();
  const before = calls.cycle.length;
  loops.poke('cycle');
  await aMoment();
  expect(calls.cycle).toHaveLength(before);
  expect(events).toContainEqual({ kind: 'standing-by' });
  await loops.stop();
  expect(calls.released).toBe(0);
});

it('tells a failure once, tries again at each poke, and tells when it is over', async () => {
  let broken = true;
  const { loops, events } = aScheduler({
    dispatch: async () => {
      if (broken) throw new Error('no database');
    },
  });
  await loops.renew();
  for (let tick = 0; tick < 3; tick += 1) {
    loops.poke('dispatch');
    await aMoment();
  }
  broken = false;
  loops.poke('dispatch');
  await aMoment();
  const told = events
    .filter((event) => event.kind === 'failed' || event.kind === 'recovered')
    .map((event) => event.kind);
  expect(told).toEqual(['failed', 'recovered']);
  await loops.stop();
});

it('does the rest of its upkeep when one task fails, and tells of the failure', async () => {
  const error = new Error('no room');
  const done: string[] = [];
  const { loops, events } = aScheduler({
    upkeep: [async () => Promise.reject(error), async () => void done.push('outbox')],
  });
  await loops.renew();
  loops.poke('upkeep');
  await aMoment();
  expect(done).toEqual(['outbox']);
  expect(events).toContainEqual({ kind: 'failed', what: 'upkeep', error });
  await loops.stop();
});

it('swaps engines only while nothing speaks to them', async () => {
  let underWay = 0;
  const { loops } = aScheduler({
    dispatch: async () => {
      underWay += 1;
      await sleep(30);
      underWay -= 1;
    },
  });
  await loops.renew();
  loops.poke('dispatch');
  await sleep(5);
  expect(underWay).toBe(1);
  let seen = -1;
  await loops.atRest(() => (seen = underWay));
  expect(seen).toBe(0);
  await loops.stop();
});
