import fc from 'fast-check';
import { loadSeeds, renderFaults } from '#libs/config';
import { type Catalogue, type JobRequest, DAY_MS, HOUR_MS, dataLevels, jobClasses } from '#libs/domain';
import { type Candidate, type QueuedJob, finalFilters, isOfItsSort } from '#libs/scheduling';
import { SampleDemand, type SampleJob } from './sample-demand.js';
import { cardsOf, sigmaOf } from './sample-request.js';
import { initialJobs } from './warm-up.js';

const monday = Date.parse('2026-11-23T06:00:00+08:00');
let catalogue: Catalogue;
let demand: SampleDemand;
beforeAll(async () => {
  const seeds = await loadSeeds('seeds');
  if (seeds.kind === 'faults') throw new Error(renderFaults(seeds.faults));
  catalogue = seeds.catalogue;
  demand = new SampleDemand(catalogue, { seed: 'spec' });
});

const hoursOf = (job: SampleJob): number => (job.request.run.simulated?.runSeconds ?? 0) / 3_600;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** What the planner's own filters say of the request in each group of an enabled, managed pool. */
function groupsOpenTo(request: JobRequest): Candidate[] {
  const pools = new Map(catalogue.pools.filter((p) => p.enabled && p.scope === 'managed').map((p) => [p.id, p]));
  const { resources, constraints } = request;
  const job = {
    class: request.class,
    nodes: resources.nodes,
    dataLevel: constraints?.dataLevel ?? 'general',
    perNode: {
      cards: resources.acceleratorFraction ?? resources.acceleratorsPerNode,
      cores: resources.cpuCoresPerNode ?? 0,
      memoryGiB: resources.memoryGiBPerNode ?? 0,
    },
    acceleratorModels: resources.acceleratorModels,
    minAcceleratorMemoryGiB: resources.minAcceleratorMemoryGiB,
    architecture: resources.architecture,
    stack: resources.stack,
    pools: constraints?.pools,
    maxLatencyMs: constraints?.maxLatencyMs,
    fromDistrict: constraints?.fromDistrict,
  } as QueuedJob;
  return catalogue.nodeGroups.flatMap((group): Candidate[] => {
    const pool = pools.get(group.poolId);
    if (!pool) return [];
    const candidate: Candidate = {
      group: { ...group, nodes: group.nodes.value },
      pool: {
        id: pool.id,
        siteId: pool.siteId,
        reachable: true,
        classes: pool.classes,
        latencyMs: pool.latencyOneWayMs.byDistrict,
        dataLevels: pool.dataLevels.levels,
      },
      installed: group.nodes.value,
      up: group.nodes.value,
    };
    const open = isOfItsSort(job, candidate.group) && finalFilters.every((filter) => filter.passes(job, candidate));
    return open ? [candidate] : [];
  });
}
const tiersOpenTo = (job: SampleJob): string[] =>
  groupsOpenTo(job.request).map(({ pool }) => catalogue.pools.find(({ id }) => id === pool.id)!.tier);

describe('the same city each time', () => {
  it('gives the same jobs for a seed and others for another', () => {
    const again = new SampleDemand(catalogue, { seed: 'spec' });
    const other = new SampleDemand(catalogue, { seed: 'other' });
    const day = [monday, monday + DAY_MS] as const;
    expect(again.between(...day)).toEqual(demand.between(...day));
    expect(other.between(...day)).not.toEqual(demand.between(...day));
  });

  it('gives the same jobs however a stretch is cut', () => {
    const until = monday + 12 * HOUR_MS;
    const whole = new SampleDemand(catalogue, { seed: 'spec' }).between(monday, until);
    const cuts = fc.uniqueArray(fc.integer({ min: monday + 1, max: until - 1 }), { maxLength: 6 });
    fc.assert(
      fc.property(cuts, (points) => {
        const fresh = new SampleDemand(catalogue, { seed: 'spec' });
        const edges = [monday, ...points.toSorted((a, b) => a - b), until];
        const parts = edges.slice(1).flatMap((edge, index) => fresh.between(edges[index]!, edge));
        expect(parts).toEqual(whole);
      }),
      { numRuns: 10 },
    );
  });

  it('does not move the other tenants when one leaves', () => {
    const [first, ...rest] = catalogue.tenants;
    const fewer = new SampleDemand({ ...catalogue, tenants: rest }, { seed: 'spec' });
    const day = [monday, monday + DAY_MS] as const;
    expect(fewer.between(...day)).toEqual(demand.between(...day).filter(({ tenantId }) => tenantId !== first!.id));
  });
});

describe('over 28 days', () => {
  const days = 28;
  let month: readonly SampleJob[];
  beforeAll(() => (month = demand.between(monday, monday + days * DAY_MS)));

  it('each kind of each tenant comes as often as its seed and the calendar say', () => {
    const arrived = new Map<string, number>();
    for (const { tenantId, request } of month) {
      const key = `${tenantId}/${request.labels?.['kind']}`;
      arrived.set(key, (arrived.get(key) ?? 0) + 1);
    }
    for (const stream of demand.streams) {
      let expected = 0;
      for (let hour = monday; hour < monday + days * DAY_MS; hour += HOUR_MS) expected += demand.expected(stream, hour);
      const count = arrived.get(`${stream.tenantId}/${stream.job.kind}`) ?? 0;
      // Four standard deviations of a Poisson: one stream in 16,000 would fall outside by chance.
      expect(Math.abs(count - expected)).toBeLessThanOrEqual(4 * Math.sqrt(expected) + 1);
    }
  });

  it('run times have the medians and the 95th percentiles of the seeds', () => {
    const { job } = demand.streams.find(
      ({ tenantId, job: { kind } }) => tenantId === 'wuhan-ai-users' && kind === 'finetune',
    )!;
    const hours = month
      .filter(({ tenantId, request }) => tenantId === 'wuhan-ai-users' && request.class === 'finetune')
      .map(hoursOf)
      .toSorted((a, b) => a - b);
    expect(Math.abs(hours[Math.floor(hours.length * 0.5)]! / job.p50Hours - 1)).toBeLessThan(0.1);
    expect(Math.abs(hours[Math.floor(hours.length * 0.95)]! / job.p95Hours - 1)).toBeLessThan(0.15);
  });

  it('card-hours are those that the arrivals, cards and run times of the seeds lead one to expect', () => {
    let expected = 0;
    for (const stream of demand.streams) {
      const { job } = stream;
      const cards = sum(job.cards.map((value, index) => value * job.cardProbability[index]!));
      const meanHours = job.p50Hours * Math.exp(sigmaOf(job) ** 2 / 2);
      for (let hour = monday; hour < monday + days * DAY_MS; hour += HOUR_MS) {
        expected += demand.expected(stream, hour) * cards * meanHours;
      }
    }
    const cardHours = sum(month.map((job) => cardsOf(job.request) * hoursOf(job)));
    // Few large pre-trainings carry a tenth of all card-hours, which is what makes this wide.
    expect(Math.abs(cardHours / expected - 1)).toBeLessThan(0.15);
  });

  it('two jobs in a hundred fail', () => {
    const failed = month.filter(({ request }) => request.run.simulated?.outcome === 'failed').length;
    expect(Math.abs(failed / month.length - 0.02)).toBeLessThan(0.004);
  });

  it('limits are over the run, by four times and a step at most, in quarters of an hour', () => {
    const odd = month.filter(({ request: { timeLimitSeconds: limit, run } }) => {
      const { runSeconds } = run.simulated!;
      return limit % 900 !== 0 || limit < runSeconds || limit >= 4 * runSeconds + 1_800;
    });
    expect(odd).toEqual([]);
  });

  it('no job asks for what no pool could ever hold', () => {
    const some = month;
    expect(some.filter(({ request }) => groupsOpenTo(request).length === 0)).toEqual([]);
    const parts = some.filter(({ request: { resources } }) => resources.acceleratorFraction !== undefined);
    expect(parts.some(({ request: { resources } }) => resources.minAcceleratorMemoryGiB !== undefined)).toBe(true);
  });
});

describe('the first 24 hours from a Monday at six', () => {
  let day: readonly SampleJob[];
  beforeAll(() => (day = demand.between(monday, monday + DAY_MS)));

  it('brings every class of job', () => {
    expect(new Set(day.map(({ request }) => request.class))).toEqual(new Set(jobClasses));
  });

  it('brings every data level that a tenant may hold and a pool takes', () => {
    const held = dataLevels.filter((level) =>
      catalogue.tenants.some(({ maxDataLevel }) => maxDataLevel.level === level),
    );
    expect(held.at(-1)).toBe('important');
    expect(new Set(day.map(({ request }) => request.constraints?.dataLevel))).toEqual(
      new Set(['general', 'important']),
    );
  });

  it('brings every latency ring of the seeds, the control loops within a district, and jobs with none', () => {
    const rings = new Set(day.map(({ request }) => request.constraints?.maxLatencyMs));
    const seeded = catalogue.tenants.flatMap(({ jobs }) => jobs.map((job) => job.maxOneWayLatencyMs));
    expect(rings).toEqual(new Set([...seeded, 0.4]));
  });

  it('brings every model of the enabled pools, and work for each CPU architecture', () => {
    const asked = new Set(day.flatMap(({ request }) => request.resources.acceleratorModels ?? []));
    const enabled = catalogue.pools.filter((pool) => pool.enabled && pool.scope === 'managed').map(({ id }) => id);
    const models = catalogue.nodeGroups
      .filter(({ poolId }) => enabled.includes(poolId))
      .flatMap(({ acceleratorModel }) => acceleratorModel ?? []);
    expect(models.filter((model) => !asked.has(model))).toEqual([]);
    expect(new Set(day.map(({ request }) => request.resources.architecture))).toEqual(
      new Set(['aarch64', 'x86_64', undefined]),
    );
  });

  it('brings work for each tier, and work that only that tier can do', () => {
    const tiers = day.map((job) => new Set(tiersOpenTo(job)));
    for (const tier of ['main', 'operator', 'edge', 'ai-centre']) {
      expect(tiers.some((open) => open.has(tier))).toBe(true);
    }
    for (const tier of ['main', 'edge', 'ai-centre']) {
      expect(tiers.some((open) => open.size === 1 && open.has(tier))).toBe(true);
    }
  });

  it('names its jobs in Chinese, each of its own', () => {
    for (const { request } of day) expect(request.name).toMatch(/^\p{Script=Han}/u);
    expect(new Set(day.map(({ tenantId, request }) => `${tenantId} ${request.name}`)).size).toBeGreaterThan(
      day.length * 0.98,
    );
  });

  it('has at least 300 jobs in its first eight hours, with those that were under way', () => {
    const first = demand.between(monday, monday + 8 * HOUR_MS);
    expect(initialJobs(demand, monday).length + first.length).toBeGreaterThanOrEqual(300);
  });

  it('follows the intensity that was asked for', () => {
    const double = new SampleDemand(catalogue, { seed: 'spec', intensity: 2 }).between(monday, monday + DAY_MS);
    expect(double.length / day.length).toBeGreaterThan(1.8);
    expect(double.length / day.length).toBeLessThan(2.2);
  });
});

describe('jobs under way at the start', () => {
  it('are submitted at the start with what is left of their run, within their limit and with no deadline behind them', () => {
    const jobs = initialJobs(demand, monday);
    expect(jobs.length).toBeGreaterThan(100);
    for (const { at, request } of jobs) {
      expect(at).toBe(monday);
      expect(request.run.simulated!.runSeconds).toBeGreaterThan(0);
      expect(request.timeLimitSeconds).toBeGreaterThanOrEqual(request.run.simulated!.runSeconds);
      expect(request.constraints?.deadlineMs).toBeUndefined();
      expect(request.labels?.['warmUp']).toBe('true');
    }
  });

  it('of a week hold most of the cards that those of a month hold', () => {
    const cards = (hours: number): number =>
      sum(initialJobs(demand, monday, hours).map(({ request }) => cardsOf(request)));
    expect(cards(168) / cards(672)).toBeGreaterThan(0.8);
  });
});

const misuses: Record<string, () => unknown> = {
  'an intensity of zero': () => new SampleDemand(catalogue, { seed: '', intensity: 0 }),
  'a calendar that is not there': () => new SampleDemand(catalogue, { seed: '', calendarId: 'mars' }),
};
it.each(Object.entries(misuses))('refuses %s', (_sentence, misuse) => expect(misuse).toThrow(RangeError));
