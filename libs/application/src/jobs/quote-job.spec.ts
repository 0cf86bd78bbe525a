import fc from 'fast-check';
import { HOUR_MS, type JobRequest } from '#libs/domain';
import {
  type EndedRun,
  type PoolOption,
  type QueuedJob,
  ResidualBook,
  type WhatIfs,
  predictedRun,
} from '#libs/scheduling';
import { settlementOf } from '../energy/settle-hours.js';
import type { Principal } from '../ports.js';
import { aNodeGroup, aSiteBook, aSupply } from '../testing/a-site-book.js';
import { OptionPrices, estimateEnergy } from './option-prices.js';
import { QuoteJob } from './quote-job.js';
import type { SubmittingTenant } from './submit-job.js';
import { Turns } from './turns.js';
import { WhatHelps } from './what-helps.js';

const eight = Date.parse('2026-11-22T08:00:00+08:00');
const asking = (
  named: { cards?: number; part?: number; cores?: number; nodes?: number; seconds?: number } = {},
): JobRequest => ({
  name: 'fold',
  class: 'training',
  resources: {
    nodes: named.nodes ?? 1,
    acceleratorsPerNode: named.cards ?? 8,
    ...(named.part !== undefined && { acceleratorsPerNode: 1, acceleratorFraction: named.part }),
    ...(named.cores === undefined ? {} : { cpuCoresPerNode: named.cores }),
  },
  timeLimitSeconds: named.seconds ?? 3600,
  run: { image: 'registry.local/fold:1' },
});

interface Estimate {
  readonly book?: Parameters<typeof aSiteBook>[0];
  readonly job?: Parameters<typeof asking>[0];
  readonly want: { kwh: number; yuan: number; location: number; market: number; matched: number };
}
// 5 kW × PUE 1.2 for an hour = 6 kWh, unless the case says otherwise.
const estimates: Record<string, Estimate> = {
  'from the grid alone': { want: { kwh: 6, yuan: 3.6, location: 3000, market: 3600, matched: 0 } },
  'half by contract: paid as contracted, without market emissions, over the same wires': {
    book: { supply: { contractWatts: 3000 } },
    want: { kwh: 6, yuan: 3 * 0.7 + 3 * 0.6, location: 3000, market: 1800, matched: 0.5 },
  },
  'half by the direct line: at its own price, and no emissions of the grid': {
    book: { supply: { directPvWatts: 3000 } },
    want: { kwh: 6, yuan: 3 * 0.4 + 3 * 0.6, location: 1500, market: 1800, matched: 0.5 },
  },
  'half a node carries half of the rest and half of the load': {
    job: { cards: 4 },
    want: { kwh: 3, yuan: 1.8, location: 1500, market: 1800, matched: 0 },
  },
  'two nodes take twice': {
    job: { nodes: 2 },
    want: { kwh: 12, yuan: 7.2, location: 6000, market: 7200, matched: 0 },
  },
  'a job without cards goes by its cores': {
    book: { groups: [aNodeGroup({ shape: { cards: 0, cores: 64, memoryGiB: 512 } })] },
    job: { cards: 0, cores: 16 },
    want: { kwh: 1.5, yuan: 0.9, location: 750, market: 900, matched: 0 },
  },
  'a part of a card that is cut in four carries the slices that reach it: two for 0.3': {
    book: { groups: [aNodeGroup({ sharing: { kind: 'vnpu', slices: 4 } })] },
    job: { part: 0.3 },
    want: { kwh: 0.375, yuan: 0.225, location: 187.5, market: 225, matched: 0 },
  },
  'whole cards of such a group are whole': {
    book: { groups: [aNodeGroup({ sharing: { kind: 'vnpu', slices: 4 } })] },
    job: { cards: 4 },
    want: { kwh: 3, yuan: 1.8, location: 1500, market: 1800, matched: 0 },
  },
  'a quarter of an hour is a quarter': {
    job: { seconds: 900 },
    want: { kwh: 1.5, yuan: 0.9, location: 750, market: 900, matched: 0 },
  },
  'a site that expects no load is fed by the grid': {
    book: { expectedWattsAt: () => 0, supply: { contractWatts: 3000 } },
    want: { kwh: 6, yuan: 3.6, location: 3000, market: 3600, matched: 0 },
  },
};
describe('the energy of a job that holds its nodes for its whole limit', () => {
  it.each(Object.entries(estimates))('%s', (_sentence, { book, job, want }) => {
    const energy = estimateEnergy(aSiteBook(book), 'pinned-a', asking(job), eight)!;
    expect(energy.energyKwh).toBeCloseTo(want.kwh, 9);
    expect(energy.costYuan).toBeCloseTo(want.yuan, 9);
    expect(energy.gramsCo2.location).toBeCloseTo(want.location, 6);
    expect(energy.gramsCo2.market).toBeCloseTo(want.market, 6);
    expect(energy.greenShare.hourMatched).toBeCloseTo(want.matched, 9);
    expect(energy.greenShare.gridAverage).toBeCloseTo(0.4, 9);
  });

  it('follows the hours it crosses, each for the part it takes of it', () => {
    const book = aSiteBook({
      supplyAt: (at) => aSupply(at, { locationGramsPerKwh: at < eight + HOUR_MS ? 100 : 400 }),
    });
    const energy = estimateEnergy(book, 'pinned-a', asking({ seconds: 5400 }), eight + HOUR_MS / 2)!;
    expect(energy.energyKwh).toBeCloseTo(9, 9);
    expect(energy.gramsCo2.location).toBeCloseTo(3 * 100 + 6 * 400, 6);
  });

  it('is null for a group that the site does not have', () => {
    expect(estimateEnergy(aSiteBook(), 'elsewhere', asking(), eight)).toBeNull();
  });

  it('is what the hour would be settled at, when the load is as expected', () => {
    const watts = fc.integer({ min: 0, max: 8000 });
    const supplies = fc.record({
      directPvWatts: watts,
      storageWatts: watts,
      contractWatts: watts,
      hydroDirectShare: fc.constantFrom(0, 0.25, 1),
    });
    fc.assert(
      fc.property(supplies, (supply) => {
        const book = aSiteBook({ supply });
        const quoted = estimateEnergy(book, 'pinned-a', asking(), eight)!;
        const { site } = settlementOf(book, eight, [
          {
            attemptId: 'a', jobId: 'j', tenantId: 'blue', class: 'training', poolId: 'pinned', groupId: 'pinned-a',
            nodeId: 'pinned-a-0001', cards: 8, cores: 64, from: eight, until: null,
          },
        ]); // prettier-ignore
        expect(quoted.energyKwh).toBeCloseTo(Number(site.facilityJoules) / 3.6e6, 6);
        expect(quoted.costYuan).toBeCloseTo(Number(site.costMicroYuan) / 1e6, 4);
        expect(quoted.gramsCo2.location).toBeCloseTo(Number(site.locationMilligrams) / 1e3, 2);
        expect(quoted.gramsCo2.market).toBeCloseTo(Number(site.marketMilligrams) / 1e3, 2);
        expect(quoted.greenShare.hourMatched).toBeCloseTo(
          Number(site.stack.matchedGreenJoules) / Number(site.facilityJoules),
          6,
        );
      }),
    );
  });
});

const blue: SubmittingTenant = {
  id: 'blue',
  homeDistrict: 'echeng',
  priority: 2,
  maxDataLevel: 'important',
  sample: false,
};
const option = (named: Partial<PoolOption>): PoolOption => ({
  poolId: 'pinned',
  groupId: 'pinned-a',
  estimatedStart: eight / 1000 + 60,
  endsBy: eight / 1000 + 3660,
  basis: 'reservation',
  score: 1,
  refusal: null,
  evidence: { nodesConsidered: 1, filteredBy: {}, best: null, ahead: 0 },
  ...named,
});
const asked: QueuedJob[] = [];
const quoting = (
  options: readonly PoolOption[],
  { residuals, lastRuns = [] }: { residuals?: ResidualBook; lastRuns?: readonly EndedRun[] } = {},
): QuoteJob => {
  const answer = (job: QueuedJob): readonly PoolOption[] => {
    asked.push(job);
    return options;
  };
  const desk = {
    asOf: eight - 500,
    refresh: async () => undefined,
    admit: async () => ({ kind: 'ok' }) as const,
    quote: async (job: QueuedJob) => answer(job),
    whatIf: async (job: QueuedJob | string): Promise<WhatIfs> => ({
      base: { change: null, option: options[0] ?? null, refusal: null },
      options: answer(job as QueuedJob),
      changes: [{ change: { kind: 'borrow' }, option: options[0] ?? null, refusal: null }],
    }),
  };
  const prices = new OptionPrices({
    books: new Map([['here', aSiteBook()]]),
    ...(residuals && { residuals: async () => residuals }),
  });
  const turns = new Turns({ stopwatchMs: () => 0, pause: async () => undefined });
  return new QuoteJob({
    desk,
    tenants: { find: (id) => (id === 'blue' ? blue : null) },
    store: { lastRuns: async () => lastRuns },
    policy: () => ({}),
    prices,
    whatHelps: new WhatHelps({ desk, prices, turns }),
  });
};
const key = (tenantId: string | null, tenants: readonly string[]): Principal => ({
  keyId: 'k',
  role: tenantId === null ? 'planner' : 'tenant',
  tenantId,
  tenants,
});
const quote = (of: QuoteJob, principal: Principal, tenant: string | null = null, counterfactuals?: boolean) =>
  of.execute({ principal, tenant, request: asking({ cards: 2 }), now: eight, counterfactuals });

describe('a quote', () => {
  it('tells of each pool a start with energy and cost, or why there is none; intervals wait for calibration', async () => {
    const refused = option({
      poolId: 'other',
      groupId: null,
      estimatedStart: null,
      endsBy: null,
      basis: 'none',
      refusal: 'larger-than-any-pool',
    });
    const quoted = await quote(quoting([option({}), refused]), key('blue', ['blue']));
    expect(quoted).toMatchObject({
      kind: 'quoted',
      tenant: 'blue',
      asOf: eight - 500,
      options: [
        {
          poolId: 'pinned',
          start: { estimateMs: eight + 60_000, p50Ms: null, p90Ms: null },
          energy: { energyKwh: expect.closeTo(1.5, 9) },
        },
        { poolId: 'other', start: null, energy: null, refusal: 'larger-than-any-pool' },
      ],
    });
  });

  it('asks the planner for the job as it would be stored', async () => {
    await quote(quoting([]), key('blue', ['blue']));
    expect(asked.at(-1)).toMatchObject({
      tenantId: 'blue',
      priority: 2,
      fromDistrict: 'echeng',
      dataLevel: 'general',
      perNode: { cards: 2, cores: 8, memoryGiB: 32 },
    });
  });

  it('needs a tenant of a key that covers several, and knows no other', async () => {
    expect(await quote(quoting([]), key(null, ['blue', 'green']))).toEqual({
      kind: 'tenant-needed',
      tenants: ['blue', 'green'],
    });
    expect(await quote(quoting([]), key('blue', ['blue']), 'green')).toEqual({
      kind: 'tenant-unknown',
      tenant: 'green',
    });
    expect(await quote(quoting([]), key(null, ['blue']), 'blue')).toMatchObject({ kind: 'quoted', tenant: 'blue' });
  });

  it('tells the seconds in which inputs are brought in, and nothing where there are none', async () => {
    const quoted = await quote(quoting([option({ stagingSeconds: 90 }), option({})]), key('blue', ['blue']));
    expect(quoted).toMatchObject({ options: [{ stagingSeconds: 90 }, { stagingSeconds: null }] });
  });

  it('is asked with the run time that a submission would be stored with', async () => {
    const ended = [1200, 1800].map((runSeconds) => ({ runSeconds })) as unknown as EndedRun[];
    await quote(quoting([]), key('blue', ['blue']));
    expect(asked.at(-1)).toMatchObject({ limit: 3600, predicted: 3600 });
    await quote(quoting([], { lastRuns: ended }), key('blue', ['blue']));
    expect(asked.at(-1)!.predicted).toBe(predictedRun(ended, 3600));
  });

  it('says what changes would do when it is asked to, of the same options', async () => {
    const plain = await quote(quoting([option({})]), key('blue', ['blue']));
    const told = await quote(quoting([option({})]), key('blue', ['blue']), null, true);
    expect(plain).toMatchObject({ counterfactuals: null });
    expect(told).toEqual({
      ...plain,
      counterfactuals: expect.objectContaining({ tried: [{ kind: 'borrow' }], helpful: [] }),
    });
  });
});

describe('P50 and P90 of a quote', () => {
  // Planned waits of 60 s come true after 60, 120, … : residuals log((wait + 60) / 120).
  const book = (outcomes: number): ResidualBook => {
    const residuals = new ResidualBook();
    const point = { point: 60, now: 0, class: 'training' as const, basis: 'reservation' as const, ahead: 0 };
    for (let i = 0; i < outcomes; i++) residuals.learn(residuals.promise(point), i < 15 ? 60 : 180);
    return residuals;
  };
  const startWith = async (residuals: ResidualBook | undefined, named: Partial<PoolOption> = {}) => {
    const quoted = await quote(quoting([option(named)], { residuals }), key('blue', ['blue']));
    return quoted.kind === 'quoted' ? quoted.options[0]!.start : null;
  };
  const inSeconds = (seconds: number): number => eight + seconds * 1000;

  it('are not told before twenty starts have come true', async () => {
    expect(await startWith(undefined)).toMatchObject({ p50Ms: null, p90Ms: null });
    expect(await startWith(book(19))).toMatchObject({ estimateMs: inSeconds(60), p50Ms: null, p90Ms: null });
  });
  it('are told from the twentieth on: half came at the estimate, the latest at three times the wait', async () => {
    expect(await startWith(book(20))).toMatchObject({ p50Ms: inSeconds(60), p90Ms: inSeconds(180) });
  });
  it('are the estimate where it would start at once', async () => {
    expect(await startWith(book(20), { estimatedStart: eight / 1000 })).toMatchObject({ p50Ms: eight, p90Ms: eight });
  });
  it('are not told of a pool without a start', async () => {
    expect(await startWith(book(20), { estimatedStart: null, basis: 'none' })).toBeNull();
  });
});
