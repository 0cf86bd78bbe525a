import type { Candidate } from './filters.js';
import type { OutlookModel } from './model.js';
import { type Option, scoreOf, scorers } from './scorers.js';
import { aGroup, aJob, aPool } from './testing/builders.js';

const GIB_A_SECOND = 8 * 1.073741824;
const candidate: Candidate = {
  group: aGroup('g'),
  pool: aPool('g', { latencyMs: { echeng: 10, huarong: 0 } }),
  installed: 4,
  up: 4,
  links: new Map([['h-site', GIB_A_SECOND]]),
};
const option = (job: Parameters<typeof aJob>[1] = {}, over: Partial<Option> = {}): Option => ({
  job: aJob('j', job),
  candidate,
  now: 1000,
  start: 1000,
  freeNodes: 4,
  outlook: undefined,
  dearest: 0,
  ...over,
});
const from = (siteId: string, sizeGiB: number) => ({ inputs: [{ siteId, sizeGiB }] });

/** Hours from 600 s on. */
const hours = (series: Partial<OutlookModel>): OutlookModel => ({
  siteId: 'g-site',
  from: 600,
  greenShare: [],
  gramsPerKwh: [],
  yuanPerKwh: [],
  ...series,
});
const priced = (yuanPerKwh: number[], over: Partial<Option> = {}): Option =>
  option({}, { outlook: hours({ yuanPerKwh }), dearest: 2, ...over });
const green = (greenShare: number[], over: Partial<Option> = {}): Option =>
  option({}, { outlook: hours({ greenShare }), ...over });

const cases: Record<string, { name: keyof typeof scorers; of: Option; want: number }> = {
  'a start at once is worth all': { name: 'startDelay', of: option(), want: 1 },
  'one in an hour is worth half': { name: 'startDelay', of: option({}, { start: 4600 }), want: 0.5 },
  'an hour of staging is worth as much': { name: 'startDelay', of: option(from('h-site', 3600)), want: 0.5 },
  'staging comes on top of waiting': {
    name: 'startDelay',
    of: option(from('h-site', 3600), { start: 8200 }),
    want: 0.25,
  },
  'data that is there costs no time': { name: 'startDelay', of: option(from('g-site', 3600)), want: 1 },
  'data that cannot come is worth nothing': { name: 'startDelay', of: option(from('i-site', 1)), want: 0 },
  'a start that has passed is worth no more than one at once': {
    name: 'startDelay',
    of: option({}, { start: 500 }),
    want: 1,
  },
  'as many nodes as are free fit tightest': { name: 'tightFit', of: option({ nodes: 4 }), want: 1 },
  'one of four free nodes': { name: 'tightFit', of: option(), want: 0.25 },
  'more than are free fit no tighter': { name: 'tightFit', of: option({ nodes: 5 }), want: 1 },
  'how tight it will be later is not known': { name: 'tightFit', of: option({}, { start: 1001 }), want: 0.5 },
  'the dearest hour is worth nothing': { name: 'price', of: priced([2]), want: 0 },
  'half the price of the dearest hour is worth half': { name: 'price', of: priced([1]), want: 0.5 },
  'an hour that costs nothing is worth all': { name: 'price', of: priced([0]), want: 1 },
  'an hour that pays is worth no more than all': { name: 'price', of: priced([-1]), want: 1 },
  'dearer than the dearest is worth no less than nothing': { name: 'price', of: priced([5]), want: 0 },
  'the price is that of the hour in which it starts': { name: 'price', of: priced([2, 1], { start: 4200 }), want: 0.5 },
  'until the last second of an hour its price holds': { name: 'price', of: priced([2, 1], { start: 4199 }), want: 0 },
  'a price beyond the outlook: in the middle': { name: 'price', of: priced([2], { start: 4200 }), want: 0.5 },
  'a price before the outlook: in the middle': { name: 'price', of: priced([2], { start: 599 }), want: 0.5 },
  'no outlook of prices: in the middle': { name: 'price', of: option({}, { dearest: 2 }), want: 0.5 },
  'where power costs nothing anywhere, the price says nothing': {
    name: 'price',
    of: priced([0], { dearest: 0 }),
    want: 0.5,
  },
  'a green share is worth itself': { name: 'green', of: green([0.3]), want: 0.3 },
  'the green share is that of the hour in which it starts': {
    name: 'green',
    of: green([0.3, 0.8], { start: 4200 }),
    want: 0.8,
  },
  'a share above one is worth one': { name: 'green', of: green([1.2]), want: 1 },
  'a share below nothing is worth nothing': { name: 'green', of: green([-0.1]), want: 0 },
  'a share that is not known: in the middle': { name: 'green', of: green([]), want: 0.5 },
  'no outlook of green hours: in the middle': { name: 'green', of: option(), want: 0.5 },
  'neither a district nor inputs: in the middle': { name: 'nearness', of: option(), want: 0.5 },
  'ten milliseconds are half way': { name: 'nearness', of: option({ fromDistrict: 'echeng' }), want: 0.5 },
  'no milliseconds are all the way': { name: 'nearness', of: option({ fromDistrict: 'huarong' }), want: 1 },
  'a district that is not known: in the middle': { name: 'nearness', of: option({ fromDistrict: 'x' }), want: 0.5 },
  'data that is there': { name: 'nearness', of: option(from('g-site', 900)), want: 1 },
  'a hundred gibibytes to move are half way': { name: 'nearness', of: option(from('h-site', 100)), want: 0.5 },
  'near to its user and far from its data': {
    name: 'nearness',
    of: option({ fromDistrict: 'huarong', ...from('h-site', 300) }),
    want: 0.625,
  },
  'an empty list of inputs is none': {
    name: 'nearness',
    of: option({ fromDistrict: 'huarong', inputs: [] }),
    want: 1,
  },
};

describe('scorers of place', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { name, of, want }) => {
    expect(scorers[name](of)).toBeCloseTo(want, 9);
  });

  it('the score is the mean by weight; weights of nothing make it 0', () => {
    const none = { startDelay: 0, tightFit: 0, price: 0, green: 0, nearness: 0 };
    const of = option({ fromDistrict: 'huarong' }, { start: 4600 });
    expect(scoreOf(of, { ...none, startDelay: 1, nearness: 3 })).toBeCloseTo(0.875, 9);
    expect(scoreOf(of, none)).toBe(0);
    expect(scoreOf(of, { ...none, nearness: 7 })).toBe(1);
  });
});
