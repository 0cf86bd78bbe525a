import fc from 'fast-check';
import { loadSeeds, loadTraceMappings, renderFaults } from '#libs/config';
import { type Catalogue, type Instant, DAY_MS, HOUR_MS } from '#libs/domain';
import { SampleDemand, type SwfJob, type TraceMapping, initialJobs } from '#libs/simulation';
import type { TenantDirectory } from '../jobs/submit-job.js';
import type { NewJob } from '../ports.js';
import type { Advanced, BegunRun, DemandRun, DemandRunStore, DemandStep } from './demand-run-store.js';
import type { DemandPlan } from './demand-source.js';
import { PlayDemand, type PlayOptions } from './play-demand.js';
import { samplePlan } from './sample-source.js';
import { tracePlan } from './trace-source.js';

const monday = Date.parse('2026-11-23T06:00:00+08:00');
let catalogue: Catalogue;
let mapping: TraceMapping;
beforeAll(async () => {
  const [seeds, mappings] = await Promise.all([loadSeeds('seeds'), loadTraceMappings('seeds/traces')]);
  if (seeds.kind === 'faults') throw new Error(renderFaults(seeds.faults));
  if (mappings.kind === 'faults') throw new Error(renderFaults(mappings.faults));
  catalogue = seeds.catalogue;
  mapping = mappings.mappings.find(({ id }) => id === 'kth')!;
});

/** The contract of the store in memory; the real one has its own spec on PostgreSQL. */
class InMemoryDemandRunStore implements DemandRunStore {
  readonly jobs: NewJob[] = [];
  readonly batches: number[] = [];
  private readonly runs = new Map<string, { origin: Instant; cursor: number; done: boolean; spec: string }>();

  async begin({ id, origin, spec }: DemandRun): Promise<BegunRun> {
    const known = this.runs.get(id);
    const run = known ?? { origin, cursor: 0, done: false, spec: JSON.stringify(spec) };
    this.runs.set(id, run);
    if (run.spec !== JSON.stringify(spec)) return { kind: 'other-spec', spec: JSON.parse(run.spec) };
    return { kind: 'begun', resumed: known !== undefined, origin: run.origin, cursor: run.cursor, done: run.done };
  }
  async advance({ id, from, to, done }: DemandStep, jobs: readonly NewJob[]): Promise<Advanced> {
    const run = this.runs.get(id)!;
    if (run.cursor !== from || run.done) return { kind: 'moved', cursor: run.cursor, done: run.done };
    Object.assign(run, { cursor: to, done });
    this.jobs.push(...jobs);
    this.batches.push(jobs.length);
    return { kind: 'advanced' };
  }
}

const directory = (): TenantDirectory => ({
  find: (id) => {
    const tenant = catalogue.tenants.find((one) => one.id === id);
    if (!tenant) return null;
    const { homeDistrict, sample } = tenant;
    return { id, homeDistrict, priority: tenant.priorityClass.value, maxDataLevel: tenant.maxDataLevel.level, sample };
  },
});
let nextId = 0;
async function begin(plan: DemandPlan, store: DemandRunStore, now: Instant, options: Partial<PlayOptions> = {}) {
  const ids = { uuid: () => `id-${(nextId += 1)}` };
  const ports = { store, tenants: directory(), history: { lastRuns: async () => [] }, ids, policy: () => ({}) };
  const begun = await PlayDemand.begin(plan, ports, now, { clockRate: 1, ...options });
  if (begun.kind !== 'ready') throw new Error('another spec');
  return begun.play;
}
const sample = (warmUp = false): DemandPlan => {
  const options = { seed: 'spec' };
  return samplePlan(new SampleDemand(catalogue, options), { ...options, warmUp });
};
const told = (job: NewJob) => ({ at: job.submittedAt, tenantId: job.tenantId, name: job.name });
const wanted = (from: Instant, until: Instant) =>
  new SampleDemand(catalogue, { seed: 'spec' })
    .between(from, until)
    .map(({ at, tenantId, request }) => ({ at, tenantId, name: request.name }));

const swf = (id: number, submitSeconds: number): SwfJob => ({
  id,
  submitSeconds,
  runSeconds: 60,
  processors: 1,
  requestedSeconds: 120,
  user: id % 5,
  group: 1,
  queue: 1,
  partition: -1,
});
const trace = (jobs: readonly SwfJob[]): DemandPlan => tracePlan({ name: 'log.swf', jobs, mapping }, catalogue).plan;

describe('generated demand', () => {
  it('is submitted second by second, each job at its own time', async () => {
    const store = new InMemoryDemandRunStore();
    const play = await begin(sample(), store, monday);
    for (let now = monday; now <= monday + HOUR_MS; now += 1_000) await play.play(now);
    expect(store.jobs.map(told)).toEqual(wanted(monday, monday + HOUR_MS + 1));
    expect(play.progress()).toMatchObject({ kind: 'sample', submitted: store.jobs.length, total: null, skipped: null });
    expect(store.batches.every((jobs) => jobs > 0)).toBe(true);
  });

  it('is the same whenever it is asked and however often the service is restarted', async () => {
    const until = monday + 5 * HOUR_MS;
    const steps = fc.array(fc.record({ byMs: fc.integer({ min: 1, max: HOUR_MS }), restart: fc.boolean() }), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (moves) => {
        const store = new InMemoryDemandRunStore();
        let play = await begin(sample(), store, monday);
        let now = monday;
        for (const { byMs, restart } of moves) {
          now = Math.min(until, now + byMs);
          await play.play(now);
          if (restart) play = await begin(sample(), store, now);
        }
        await play.play(until);
        expect(store.jobs.map(told)).toEqual(wanted(monday, until + 1));
      }),
      { numRuns: 15 },
    );
  });

  it('begins with the jobs that were under way, marked as samples and submitted at the start', async () => {
    const store = new InMemoryDemandRunStore();
    const play = await begin(sample(true), store, monday);
    await play.play(monday);
    const under = initialJobs(new SampleDemand(catalogue, { seed: 'spec' }), monday);
    expect(store.jobs.length).toBe(under.length);
    expect(
      store.jobs.every(({ submittedAt, sample: is, channel }) => submittedAt === monday && is && channel === 'sample'),
    ).toBe(true);
    await (await begin(sample(true), store, monday + 1_000)).play(monday + 1_000);
    expect(store.jobs.length - under.length).toBe(wanted(monday, monday + 1_001).length);
  });

  it('fills in what a request left open', async () => {
    const store = new InMemoryDemandRunStore();
    await (await begin(sample(), store, monday)).play(monday + HOUR_MS);
    for (const job of store.jobs) {
      expect(job.request).toMatchObject({
        constraints: { dataLevel: expect.any(String), fromDistrict: expect.any(String) },
      });
      expect(job.predictedSeconds).toBe(job.limitSeconds);
      expect(job.perNode.memoryGiB).toBeGreaterThan(0);
    }
  });
});

describe('generated demand over time that was missed, and with several callers', () => {
  it('of a month of downtime submits the last six hours, and says what it left out', async () => {
    const store = new InMemoryDemandRunStore();
    await (await begin(sample(), store, monday)).play(monday);
    const now = monday + 20 * DAY_MS;
    const progress = await (await begin(sample(), store, now)).play(now);
    expect(store.jobs.map(told)).toEqual(wanted(now - 6 * HOUR_MS, now + 1));
    const left = wanted(monday, now - 6 * HOUR_MS).length;
    expect(progress.skipped).toEqual({ from: monday, until: now - 6 * HOUR_MS, jobs: left });
  });

  it('of a clock that is scaled leaves out nothing', async () => {
    const store = new InMemoryDemandRunStore();
    const play = await begin(sample(), store, monday, { clockRate: 36_000 });
    const progress = await play.play(monday + DAY_MS);
    expect(store.jobs.map(told)).toEqual(wanted(monday, monday + DAY_MS + 1));
    expect(progress.skipped).toBeNull();
  });

  it('answers a call during a call with the same work', async () => {
    const store = new InMemoryDemandRunStore();
    const play = await begin(sample(), store, monday);
    await Promise.all([play.play(monday + HOUR_MS), play.play(monday + HOUR_MS), play.play(monday + HOUR_MS)]);
    expect(store.jobs.map(told)).toEqual(wanted(monday, monday + HOUR_MS + 1));
  });

  it('is submitted once by two players', async () => {
    const store = new InMemoryDemandRunStore();
    const [one, two] = [await begin(sample(), store, monday), await begin(sample(), store, monday)];
    for (let now = monday; now <= monday + HOUR_MS; now += 60_000) await Promise.all([one.play(now), two.play(now)]);
    expect(store.jobs.map(told)).toEqual(wanted(monday, monday + HOUR_MS + 1));
  });
});

describe('a log', () => {
  it('is played in batches of a thousand, to its end', async () => {
    const store = new InMemoryDemandRunStore();
    const play = await begin(trace(Array.from({ length: 2_500 }, (_job, id) => swf(id + 1, 100))), store, monday);
    const progress = await play.play(monday);
    expect(store.batches).toEqual([1_000, 1_000, 500]);
    expect(progress).toMatchObject({ kind: 'trace', submitted: 2_500, total: 2_500, done: true });
    expect((await play.play(monday + DAY_MS)).submitted).toBe(2_500);
  });

  it('goes on where it stopped, with the origin of its first start', async () => {
    const store = new InMemoryDemandRunStore();
    const plan = trace([swf(1, 0), swf(2, 3_600), swf(3, 7_200)]);
    await (await begin(plan, store, monday)).play(monday + HOUR_MS);
    expect(store.jobs.map(({ submittedAt }) => (submittedAt - monday) / 1_000)).toEqual([0, 3_600]);
    const play = await begin(plan, store, monday + HOUR_MS);
    expect(play.progress()).toMatchObject({ submitted: 2, total: 3 });
    const progress = await play.play(monday + 2 * HOUR_MS);
    expect(store.jobs.map(({ name }) => name)).toEqual(['KTH 日志回放 #1', 'KTH 日志回放 #2', 'KTH 日志回放 #3']);
    expect(store.jobs.every(({ channel }) => channel === 'replay')).toBe(true);
    expect(progress.done).toBe(true);
  });

  it('has nothing missed in a gap of its own', async () => {
    const store = new InMemoryDemandRunStore();
    const play = await begin(trace([swf(1, 0), swf(2, 10 * 86_400)]), store, monday);
    await play.play(monday);
    expect((await play.play(monday + 9 * DAY_MS)).skipped).toBeNull();
    expect((await play.play(monday + 10 * DAY_MS)).submitted).toBe(2);
  });
});

it('does not begin with jobs of tenants that are not there', async () => {
  const plan: DemandPlan = { ...sample(), tenantIds: ['nobody', 'hust'] };
  await expect(begin(plan, new InMemoryDemandRunStore(), monday)).rejects.toThrow(
    /no tenant nobody in the database: load the seeds/,
  );
});

it('does not go on with a run of another spec', async () => {
  const store = new InMemoryDemandRunStore();
  await begin(sample(), store, monday);
  await expect(begin({ ...sample(), spec: { seed: 'other' } }, store, monday)).rejects.toThrow('another spec');
});
