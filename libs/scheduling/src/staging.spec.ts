import type { Candidate } from './filters.js';
import { gibibytesToMove, inputsBySite, linkModelsOf, linksOf, stagingSeconds } from './staging.js';
import { aPool } from './testing/builders.js';

const at = (links: Record<string, number> = {}): Pick<Candidate, 'pool' | 'links'> => ({
  pool: aPool('here', { siteId: 'here' }),
  links: new Map(Object.entries(links)),
});
const from = (siteId: string, sizeGiB: number) => ({ siteId, sizeGiB });
/** Gbit/s that moves so many GiB in a second. */
const gibPerSecond = (count: number): number => count * 8 * 1.073741824;

const cases: Record<
  string,
  { inputs?: ReturnType<typeof from>[]; links?: Record<string, number>; want: number; wantMoved: number }
> = {
  'no inputs': { want: 0, wantMoved: 0 },
  'an empty list of inputs': { inputs: [], want: 0, wantMoved: 0 },
  'all inputs are at the site': { inputs: [from('here', 500)], want: 0, wantMoved: 0 },
  'a gibibyte over ten gigabit, rounded up': {
    inputs: [from('there', 1)],
    links: { there: 10 },
    want: 1,
    wantMoved: 1,
  },
  'a tebibyte over ten gigabit': { inputs: [from('there', 1024)], links: { there: 10 }, want: 880, wantMoved: 1024 },
  'what takes whole seconds is not rounded': {
    inputs: [from('there', 21)],
    links: { there: gibPerSecond(7) },
    want: 3,
    wantMoved: 21,
  },
  'a little more takes one more': {
    inputs: [from('there', 21.01)],
    links: { there: gibPerSecond(7) },
    want: 4,
    wantMoved: 21.01,
  },
  'inputs of one site share its link': {
    inputs: [from('there', 10), from('there', 5)],
    links: { there: gibPerSecond(5) },
    want: 3,
    wantMoved: 15,
  },
  'inputs of two sites come at the same time: the slower tells': {
    inputs: [from('there', 10), from('yonder', 10), from('here', 900)],
    links: { there: gibPerSecond(5), yonder: gibPerSecond(2) },
    want: 5,
    wantMoved: 20,
  },
  'a site without a link never': {
    inputs: [from('there', 10), from('yonder', 10)],
    links: { there: gibPerSecond(5) },
    want: Infinity,
    wantMoved: 20,
  },
};

describe('staging', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { inputs, links, want, wantMoved }) => {
    expect(stagingSeconds({ inputs }, at(links))).toBe(want);
    expect(gibibytesToMove({ inputs }, at(links))).toBe(wantMoved);
  });

  it('adds up what comes from one site', () => {
    expect([...inputsBySite({ inputs: [from('a', 1), from('b', 2), from('a', 3)] })]).toEqual([
      ['a', 4],
      ['b', 2],
    ]);
    expect(inputsBySite({}).size).toBe(0);
  });

  it('a site without known links never gets what is elsewhere', () => {
    expect(stagingSeconds({ inputs: [from('there', 1)] }, { pool: aPool('here') })).toBe(Infinity);
  });
});

describe('a declared link', () => {
  const pairs: Record<string, { sites: string[]; want: [string, string][] }> = {
    'between two sites is one way of both directions': { sites: ['a', 'b'], want: [['a', 'b']] },
    'among three joins every two of them': {
      sites: ['a', 'b', 'c'],
      want: [
        ['a', 'b'],
        ['a', 'c'],
        ['b', 'c'],
      ],
    },
    'of one site joins nobody': { sites: ['a'], want: [] },
  };
  it.each(Object.entries(pairs))('%s', (_sentence, { sites, want }) => {
    const gbitPerSecond = { value: 25, basis: 'assumed' as const };
    expect(linkModelsOf({ siteIds: sites, gbitPerSecond } as Parameters<typeof linkModelsOf>[0])).toEqual(
      want.map(([fromSiteId, toSiteId]) => ({ fromSiteId, toSiteId, gbitPerSecond: 25 })),
    );
  });
});

describe('links of a site', () => {
  const link = (fromSiteId: string, toSiteId: string, gbitPerSecond: number) => ({
    fromSiteId,
    toSiteId,
    gbitPerSecond,
  });
  const linkCases: Record<string, { links: ReturnType<typeof link>[]; want: Record<string, number> }> = {
    none: { links: [], want: {} },
    'both directions of one link': { links: [link('here', 'a', 10), link('b', 'here', 5)], want: { a: 10, b: 5 } },
    'links of others are none of its business': { links: [link('a', 'b', 10)], want: {} },
    'the fastest of several, whatever their order': {
      links: [link('here', 'a', 1), link('a', 'here', 10), link('here', 'a', 2)],
      want: { a: 10 },
    },
    'a link without a rate is none': { links: [link('here', 'a', 0)], want: {} },
    'a link to itself is none': { links: [link('here', 'here', 1)], want: {} },
  };
  it.each(Object.entries(linkCases))('%s', (_sentence, { links, want }) => {
    expect(Object.fromEntries(linksOf('here', links))).toEqual(want);
  });
});
