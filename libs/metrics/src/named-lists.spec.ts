import * as fc from 'fast-check';
import { FixedSources } from './fixed-sources.js';
import { NamedLists } from './named-lists.js';

const listsOver = (sources: FixedSources): NamedLists => new NamedLists(sources.metrics, sources.counters);
const candidates = (weights: Readonly<Record<string, number>>) =>
  Object.entries(weights).map(([key, weight]) => ({ key, weight }));

describe('lists of names', () => {
  const cases: Record<string, { rounds: Record<string, number>[]; wantNamed: string[] }> = {
    'name everybody while there is room': { rounds: [{ a: 1, b: 2, c: 0 }], wantNamed: ['a', 'b', 'c'] },
    'name the heaviest when too many come at once': {
      rounds: [{ a: 1, b: 4, c: 3, d: 2 }],
      wantNamed: ['b', 'c', 'd'],
    },
    'keep who is named when a heavier one comes': {
      rounds: [
        { a: 1, b: 2, c: 3 },
        { a: 1, b: 2, c: 3, d: 900 },
      ],
      wantNamed: ['a', 'b', 'c'],
    },
    'break ties by name': { rounds: [{ d: 1, c: 1, b: 1, a: 1 }], wantNamed: ['a', 'b', 'c'] },
  };
  it.each(Object.entries(cases))('%s', async (_sentence, { rounds, wantNamed }) => {
    const lists = listsOver(new FixedSources());
    let named: ReadonlySet<string> = new Set();
    for (const round of rounds) named = await lists.named('tenants', candidates(round), 3);
    expect([...named].toSorted()).toEqual(wantNamed);
  });

  it('are the same after a restart, though others are the heaviest by then', async () => {
    const sources = new FixedSources();
    const before = await listsOver(sources).named('tenants', candidates({ a: 5, b: 4, c: 3, d: 2 }), 3);
    const after = await listsOver(sources).named('tenants', candidates({ a: 5, b: 4, c: 3, d: 2_000, e: 9 }), 3);
    expect([...after].toSorted()).toEqual([...before].toSorted());
  });

  it('are not closed when they could not be kept', async () => {
    const sources = new FixedSources();
    sources.broken.add('add');
    const lists = listsOver(sources);
    await expect(lists.named('tenants', candidates({ a: 1, b: 2, c: 3, d: 4 }), 3)).rejects.toThrow('add');
    sources.broken.clear();
    expect((await lists.named('tenants', candidates({ a: 9, b: 2, c: 3, d: 1 }), 3)).has('a')).toBe(true);
  });

  it('never let a name or the rest fall while every use grows, whenever the process restarts', async () => {
    const growth = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), fc.integer({ min: 1, max: 100 }));
    const steps = fc.array(fc.record({ growth, restart: fc.boolean() }), { minLength: 1, maxLength: 12 });
    const check = fc.check(fc.asyncProperty(steps, async (rounds) => (await falls(rounds)).length === 0));
    expect((await check).counterexample).toBeNull();
  });
});

interface Round {
  readonly growth: Readonly<Record<string, number>>;
  readonly restart: boolean;
}
/** The series that showed less than the round before. */
async function falls(rounds: readonly Round[]): Promise<string[]> {
  const sources = new FixedSources();
  let lists = listsOver(sources);
  const use: Record<string, number> = {};
  let shown = new Map<string, number>();
  const fallen: string[] = [];
  for (const { growth, restart } of rounds) {
    if (restart) lists = listsOver(sources);
    for (const [key, by] of Object.entries(growth)) use[key] = (use[key] ?? 0) + by;
    const named = await lists.named('tenants', candidates(use), 3);
    const now = new Map<string, number>();
    for (const [key, value] of Object.entries(use)) {
      const under = named.has(key) ? key : '_other';
      now.set(under, (now.get(under) ?? 0) + value);
    }
    fallen.push(...[...shown].filter(([key, value]) => (now.get(key) ?? value) < value).map(([key]) => key));
    shown = now;
  }
  return fallen;
}
