import { type CommittedStart, defaultPolicy } from '#libs/application';
import { HOUR_MS } from '#libs/domain';
import { PostgresBulkSubmit, PostgresPlanCommitter, PostgresPlannerFeed } from '#libs/persistence';
import { createPlanner } from '#libs/scheduling';
import { BookingBench, aNewJob, aUuid } from '#libs/testing';

const t0 = Date.parse('2026-11-24T09:00:00+08:00');
const whole = { cards: 8, cores: 64, memoryGiB: 512 };

let bench: BookingBench;
beforeAll(async () => {
  bench = await BookingBench.open(t0);
});
beforeEach(() => bench.anew());
afterAll(() => bench.close());

/** A job for whole nodes of the test's pool. */
const aJob = (named: { tenantId: string; hours: number; nodes?: number }) =>
  aNewJob({
    tenantId: named.tenantId, nodes: named.nodes ?? 1, perNode: whole, limitSeconds: named.hours * 3600, predictedSeconds: named.hours * 3600,
    submittedAt: t0, constraints: { pools: [bench.pool] },
  }); // prettier-ignore
/** One cycle as production runs it: picture, plan, commit. */
async function cycle(at: number): Promise<readonly CommittedStart[]> {
  const { snapshot } = await new PostgresPlannerFeed(bench.system).cold(at);
  const plan = createPlanner(snapshot, defaultPolicy).plan(at / 1000);
  const starts = plan.starts.map((start) => ({ ...start, attemptId: aUuid() }));
  const committed = await new PostgresPlanCommitter(bench.system).commit({ epoch: 0, cycle: 1, now: at, starts });
  const started = committed.kind === 'committed' ? committed.started : [];
  // Jobs of earlier tests wait for pools of their own.
  return started.filter(({ start }) => start.poolId === bench.pool);
}
const startedBy = async (at: number) =>
  new Map((await cycle(at)).map(({ jobId, start }) => [jobId, start.nodeIndices]));

it('a job that would run into a booking of others does not start before it; a short one and a member’s do', async () => {
  await bench.book(bench.aReservation({ parts: bench.part('all') }));
  const [long, short, member] = [
    aJob({ tenantId: 'green', hours: 2 }),
    aJob({ tenantId: 'green', hours: 1 }),
    aJob({ tenantId: 'blue-lab', hours: 2 }),
  ];
  await new PostgresBulkSubmit(bench.system).submitAll([long, short, member]);
  expect([...(await startedBy(t0)).keys()].toSorted()).toEqual([short.id, member.id].toSorted());
});

it('inside a booking its members start, strangers do not, and it is not given back', async () => {
  const begins = t0 + HOUR_MS;
  await bench.book(bench.aReservation({ parts: bench.part('all'), giveBackAfterSeconds: 1800 }));
  const [stranger, member] = [aJob({ tenantId: 'green', hours: 1 }), aJob({ tenantId: 'blue', hours: 2, nodes: 3 })];
  await new PostgresBulkSubmit(bench.system).submitAll([stranger, member]);
  expect(await startedBy(begins)).toEqual(new Map([[member.id, [0, 1, 2]]]));
  expect(await bench.keeper.keep(begins + HOUR_MS)).toMatchObject({ givenBack: 0 });
});

it('what nobody used is given back, and is free for everybody', async () => {
  const begins = t0 + HOUR_MS;
  await bench.book(bench.aReservation({ parts: bench.part('all'), giveBackAfterSeconds: 1800 }));
  const stranger = aJob({ tenantId: 'green', hours: 1, nodes: 4 });
  await new PostgresBulkSubmit(bench.system).submitAll([stranger]);
  await bench.keeper.keep(begins);
  expect(await startedBy(begins)).toEqual(new Map());
  const due = begins + 1800_000;
  expect(await startedBy(due - 1000)).toEqual(new Map());
  await bench.keeper.keep(due);
  expect(await startedBy(due)).toEqual(new Map([[stranger.id, [0, 1, 2, 3]]]));
});

it('nothing runs into a maintenance nor on its nodes; after it everything does', async () => {
  const [begins, ends] = [t0 + HOUR_MS, t0 + 3 * HOUR_MS];
  await bench.book(bench.aReservation({ kind: 'maintenance', name: 'new switches', parts: bench.part('all') }));
  const job = aJob({ tenantId: 'blue', hours: 2 });
  await new PostgresBulkSubmit(bench.system).submitAll([job]);
  expect(await startedBy(t0)).toEqual(new Map());
  await bench.keeper.keep(begins);
  expect(await startedBy(begins)).toEqual(new Map());
  await bench.keeper.keep(ends);
  expect(await startedBy(ends)).toEqual(new Map([[job.id, [0]]]));
});
