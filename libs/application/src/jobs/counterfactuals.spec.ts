import { HOUR_MS, type JobRequest } from '#libs/domain';
import { type Change, type PoolOption, ResidualBook, type WhatIf } from '#libs/scheduling';
import { aNodeGroup, aSiteBook, aSupply } from '../testing/a-site-book.js';
import { type Counterfactuals, MOST_TOLD, counterfactualsOf } from './counterfactuals.js';
import { OptionPrices } from './option-prices.js';

const eight = Date.parse('2026-11-22T08:00:00+08:00');
const HOUR = 3600;

/** Two nodes of eight cards for an hour: 12 kWh at 5 kW a node and a PUE of 1.2; 7.20 yuan, 6 kg by location, 7.2 kg by market. */
const request: JobRequest = {
  name: 'fold',
  class: 'training',
  resources: { nodes: 2, acceleratorsPerNode: 8 },
  timeLimitSeconds: HOUR,
  run: { image: 'registry.local/fold:1' },
};
const evidence = { nodesConsidered: 4, filteredBy: {}, best: null, ahead: 3 };
/** Seconds after eight. */
const at = (seconds: number, named: Partial<PoolOption> = {}): PoolOption => ({
  poolId: 'pinned',
  groupId: 'pinned-a',
  estimatedStart: eight / 1000 + seconds,
  endsBy: null,
  basis: 'reservation',
  score: 1,
  refusal: null,
  evidence,
  ...named,
});
const onOther = { groupId: 'other-a' };
const groups = [
  aNodeGroup(),
  aNodeGroup({
    id: 'other-a',
    acceleratorModel: 'card-b',
    power: [{ validFrom: '2021-01-01', idleWatts: { value: 500 }, peakWatts: { value: 2500 }, exponent: { value: 1 } }],
  }),
];
const anyPool: Change = { kind: 'any-pool' };
const fewer: Change = { kind: 'fewer-nodes', nodes: 1 };
const shorter: Change = { kind: 'shorter-limit', limit: HOUR / 2 };
const otherModel: Change = { kind: 'other-model', models: ['card-b'] };

type Answer = readonly [Change, PoolOption | null];
const tell = async (
  base: PoolOption | WhatIf['refusal'],
  answers: readonly Answer[],
  { supply, residuals }: { supply?: Parameters<typeof aSupply>[1][]; residuals?: ResidualBook } = {},
): Promise<Counterfactuals> => {
  const byHour = (from: number) => supply?.[Math.floor((from - eight) / HOUR_MS)] ?? {};
  const book = aSiteBook({
    groups,
    ...(supply && { supplyAt: (from: number) => aSupply(from, byHour(from)) }),
  });
  const prices = new OptionPrices({
    books: new Map([['here', book]]),
    ...(residuals && { residuals: async () => residuals }),
  });
  const option = base !== null && typeof base === 'object' ? base : null;
  const whatIfs = {
    base: { change: null, option, refusal: typeof base === 'string' ? base : null },
    options: [],
    changes: answers.map(([change, changed]) => ({ change, option: changed, refusal: null })),
  };
  return counterfactualsOf(whatIfs, { request, now: eight, list: await prices.at(eight) });
};
const kindsOf = ({ helpful }: Counterfactuals): string[] => helpful.map(({ change }) => change.kind);

describe('what a change gains', () => {
  interface Case {
    readonly base?: PoolOption;
    readonly answer: Answer;
    readonly supply?: Parameters<typeof aSupply>[1][];
    readonly want: object;
  }
  const same = { costYuan: 0, energyKwh: 0, gramsCo2: { location: 0, market: 0 } };
  const cases: Record<string, Case> = {
    'an hour and a half sooner, at the same cost': {
      answer: [anyPool, at(1800)],
      want: { workShare: 1, startsOnlySo: false, gain: { ...same, estimateSeconds: 5400, p50Seconds: null } },
    },
    'sooner, but into a dearer and dirtier hour': {
      supply: [{ locationGramsPerKwh: 900, price: { ...aSupply(eight).price, gridYuanPerKwh: 1 } }],
      answer: [anyPool, at(0)],
      want: { gain: { estimateSeconds: 7200, costYuan: -4.8, energyKwh: 0, gramsCo2: { location: -4800, market: 0 } } },
    },
    'half the nodes: half of all, and half the work': {
      answer: [fewer, at(0)],
      want: {
        workShare: 0.5,
        gain: { estimateSeconds: 7200, costYuan: 3.6, energyKwh: 6, gramsCo2: { location: 3000, market: 3600 } },
      },
    },
    'half the limit: half of all, and half the work': {
      answer: [shorter, at(0)],
      want: { workShare: 0.5, gain: { costYuan: 3.6, energyKwh: 6 } },
    },
    'other cards: what they compute in the time is not known': {
      answer: [otherModel, at(0, onOther)],
      want: { workShare: null, gain: { costYuan: 3.6, energyKwh: 6 } },
    },
    'any pool, where it turns out to be other cards': {
      answer: [anyPool, at(0, onOther)],
      want: { workShare: null },
    },
    'another model of the list, in the same group after all': {
      answer: [otherModel, at(0)],
      want: { workShare: 1 },
    },
    'a later start in a green hour': {
      base: at(0),
      supply: [{}, { directPvWatts: 6000, gridGreenShare: 0.7 }],
      answer: [{ kind: 'later-deadline', deadline: 9 }, at(HOUR)],
      want: {
        gain: {
          estimateSeconds: -3600,
          // All by the direct line, at 0.40 instead of 0.60, without emissions of the grid.
          costYuan: 2.4,
          gramsCo2: { location: 6000, market: 7200 },
          greenShare: { hourMatched: 1, gridAverage: 0.3 },
        },
      },
    },
  };
  const closely = (want: unknown): unknown => {
    if (typeof want === 'number') return expect.closeTo(want, 6);
    if (typeof want !== 'object' || want === null || Array.isArray(want)) return want;
    return expect.objectContaining(Object.fromEntries(Object.entries(want).map(([key, part]) => [key, closely(part)])));
  };
  it.each(Object.entries(cases))('%s', async (_sentence, { base = at(7200), answer, supply, want }) => {
    const { helpful, asItIs, nothingHelps } = await tell(base, [answer], { supply });
    expect(helpful).toEqual([closely({ change: answer[0], ...want })]);
    expect(asItIs.option).toMatchObject({ poolId: 'pinned', start: { estimateMs: base.estimatedStart! * 1000 } });
    expect(nothingHelps).toBeNull();
  });
});

describe('what is compared', () => {
  it('is P50 and P90 too, where both are known', async () => {
    const residuals = new ResidualBook();
    const point = { point: 60, now: 0, class: 'training' as const, basis: 'reservation' as const, ahead: 3 };
    // Fifteen of twenty came as planned; in five the wait and a minute was twice as long.
    for (let i = 0; i < 20; i++) residuals.learn({ ...point, p50: null, p90: null, source: null }, i < 15 ? 60 : 180);
    const { helpful } = await tell(at(7200), [[anyPool, at(3600)]], { residuals });
    expect(helpful[0]!.gain).toMatchObject({ estimateSeconds: 3600, p50Seconds: 3600, p90Seconds: 7200 });
  });

  it('is nothing against no start at all: the start itself is the gain', async () => {
    const { helpful, asItIs } = await tell('quota-spent', [[{ kind: 'borrow' }, at(0)]]);
    expect(asItIs).toEqual({ option: null, refusal: 'quota-spent' });
    expect(helpful).toMatchObject([
      { startsOnlySo: true, workShare: 1, gain: { estimateSeconds: null, p50Seconds: null, costYuan: null, greenShare: null } },
    ]); // prettier-ignore
  });
  it('is never the work of other models, also where nothing is known of the first', async () => {
    const { helpful } = await tell('quota-spent', [[otherModel, at(0)], [fewer, at(60)]]); // prettier-ignore
    expect(helpful.map(({ workShare }) => workShare)).toEqual([null, 0.5]);
  });
});

describe('what counts as a help', () => {
  const cheaper = (yuan: number) => ({
    supply: [{}, { price: { ...aSupply(eight).price, gridYuanPerKwh: 0.6 - yuan } }],
  });
  const cleaner = (grams: number, market = 0) => ({
    supply: [{}, { locationGramsPerKwh: 500 - grams, marketGramsPerKwh: 600 - market }],
  });
  const later = at(HOUR);
  const cases: Record<string, { answer: Answer; on?: { supply: Parameters<typeof aSupply>[1][] }; base?: PoolOption; helps: boolean }> = {
    'a minute sooner': { base: at(60), answer: [anyPool, at(0)], helps: true },
    'less than a minute sooner': { base: at(59), answer: [anyPool, at(0)], helps: false },
    'neither sooner nor later': { answer: [anyPool, at(0)], helps: false },
    'no place': { answer: [anyPool, null], helps: false },
    'a hundredth cheaper, though later': { answer: [anyPool, later], on: cheaper(0.0061), helps: true },
    'less than a hundredth cheaper': { answer: [anyPool, later], on: cheaper(0.0059), helps: false },
    'dearer': { answer: [anyPool, later], on: cheaper(-0.1), helps: false },
    'a hundredth cleaner by location': { answer: [anyPool, later], on: cleaner(5.1), helps: true },
    'less than a hundredth cleaner by location': { answer: [anyPool, later], on: cleaner(4.9), helps: false },
    'a hundredth cleaner by market': { answer: [anyPool, later], on: cleaner(0, 6.1), helps: true },
    'less than a hundredth cleaner by market': { answer: [anyPool, later], on: cleaner(0, 5.9), helps: false },
    'a point greener by the hour, a contract paid dearer': {
      answer: [anyPool, later],
      on: { supply: [{}, { contractWatts: 61, contractYuanPerKwh: 9 }] },
      helps: true,
    },
    'a point greener on the grid': { answer: [anyPool, later], on: { supply: [{}, { gridGreenShare: 0.411 }] }, helps: true },
    'less than a point greener on the grid': { answer: [anyPool, later], on: { supply: [{}, { gridGreenShare: 0.409 }] }, helps: false },
    'half the cost for half the work': { answer: [fewer, at(0)], helps: false },
    'half the cost for half the time': { answer: [shorter, at(0)], helps: false },
    'less on other cards': { answer: [otherModel, at(0, onOther)], helps: false },
    'half the work, a minute sooner': { base: at(60), answer: [fewer, at(0)], helps: true },
    'half the work in a greener hour': { answer: [fewer, later], on: { supply: [{}, { gridGreenShare: 0.5 }] }, helps: false },
    'other cards in a greener hour': { answer: [otherModel, at(HOUR, onOther)], on: { supply: [{}, { gridGreenShare: 0.5 }] }, helps: true },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', async (_sentence, { base = at(0), answer, on, helps }) => {
    expect(kindsOf(await tell(base, [answer], on))).toEqual(helps ? [answer[0].kind] : []);
  });
});

describe('the list', () => {
  const wait = (seconds: number): PoolOption => at(seconds);
  it('has the soonest first, then the cheapest', async () => {
    const answers: Answer[] = [
      [{ kind: 'any-latency' }, wait(1800)],
      [anyPool, wait(600)],
      [shorter, wait(600)],
      [{ kind: 'preemptible' }, wait(7200)],
    ];
    const told = await tell(at(7200), answers);
    expect(kindsOf(told)).toEqual(['shorter-limit', 'any-pool', 'any-latency']);
    expect(told.tried).toEqual(answers.map(([change]) => change));
  });
  it('keeps the order of the changes between equals', async () => {
    const kinds = ['no-green-floor', 'any-latency', 'any-pool'] as const;
    expect(kindsOf(await tell(at(7200), kinds.map((kind): Answer => [{ kind }, wait(0)])))).toEqual([...kinds]); // prettier-ignore
  });
  it(`ends after ${MOST_TOLD}`, async () => {
    const answers = Array.from({ length: MOST_TOLD + 1 }, (_, i): Answer => [
      { kind: 'later-deadline', deadline: i },
      wait(i * 60),
    ]);
    const { helpful, tried } = await tell(at(7200), answers);
    expect(helpful.map(({ change }) => change.kind === 'later-deadline' && change.deadline)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]); // prettier-ignore
    expect(tried).toHaveLength(9);
  });
});

describe('when nothing helps, the reason', () => {
  it('is that it would start at once', async () => {
    expect((await tell(at(0), [[anyPool, at(0)]])).nothingHelps).toEqual({ kind: 'starts-now' });
  });
  it('is who is ahead', async () => {
    expect((await tell(at(1), [[anyPool, at(1)]])).nothingHelps).toEqual({ kind: 'others-ahead', evidence });
  });
  it('is what refuses it as it is', async () => {
    expect(await tell('stack-mismatch', [[anyPool, null]])).toMatchObject({
      helpful: [],
      nothingHelps: { kind: 'refused', refusal: 'stack-mismatch' },
    });
  });
});
