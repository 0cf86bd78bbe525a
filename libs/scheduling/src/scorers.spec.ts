import type { Candidate } from './filters.js';
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
  });
});
