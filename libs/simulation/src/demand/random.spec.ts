import fc from 'fast-check';
import { RandomStream, stableFraction } from './random.js';

const draw = <T>(count: number, one: () => T): T[] => Array.from({ length: count }, one);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

it('gives the published outputs of xoshiro128** from the state 1, 2, 3, 4', () => {
  const stream = RandomStream.fromState([1, 2, 3, 4]);
  expect(draw(10, () => stream.next())).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
  ]);
});

it('is a function of its seed text', () => {
  fc.assert(
    fc.property(fc.string(), (seed) => {
      const [first, second] = [RandomStream.seeded(seed), RandomStream.seeded(seed)];
      expect(draw(5, () => first.next())).toEqual(draw(5, () => second.next()));
    }),
  );
});

it('starts far apart from close seeds', () => {
  const firsts = draw(10_000, () => 0).map((_zero, index) => RandomStream.seeded(`a/b#0/${index}`).next());
  expect(new Set(firsts).size).toBeGreaterThan(9_990);
  expect(mean(firsts) / 2 ** 32).toBeCloseTo(0.5, 1);
});

it('keeps uniforms within [0, 1)', () => {
  fc.assert(
    fc.property(fc.string(), (seed) => {
      const stream = RandomStream.seeded(seed);
      expect(draw(20, () => stream.uniform()).every((value) => value >= 0 && value < 1)).toBe(true);
    }),
  );
});

const means: Record<string, { one: (stream: RandomStream) => number; wantMean: number; wantVariance: number }> = {
  'uniforms have mean 1/2 and variance 1/12': { one: (s) => s.uniform(), wantMean: 0.5, wantVariance: 1 / 12 },
  'normals have mean 0 and variance 1': { one: (s) => s.normal(), wantMean: 0, wantVariance: 1 },
  'a Poisson of mean 0.3 has variance 0.3': { one: (s) => s.poisson(0.3), wantMean: 0.3, wantVariance: 0.3 },
  'a Poisson of mean 50 has variance 50': { one: (s) => s.poisson(50), wantMean: 50, wantVariance: 50 },
};
it.each(Object.entries(means))('%s', (_sentence, { one, wantMean, wantVariance }) => {
  const stream = RandomStream.seeded('moments');
  const values = draw(20_000, () => one(stream));
  const sigma = Math.sqrt(wantVariance);
  const middle = mean(values);
  const variance = mean(values.map((value) => (value - middle) ** 2));
  expect(Math.abs(middle - wantMean)).toBeLessThan((4 * sigma) / Math.sqrt(values.length));
  expect(Math.abs(variance / wantVariance - 1)).toBeLessThan(0.05);
});
it('picks by weight, and never what has none', () => {
  const stream = RandomStream.seeded('weights');
  const picks = draw(10_000, () => stream.pick(['a', 'b', 'c'], (_item, index) => [3, 0, 1][index]!));
  expect(picks).not.toContain('b');
  expect(picks.filter((item) => item === 'a').length / picks.length).toBeCloseTo(0.75, 1);
});

const misuses: Record<string, () => unknown> = {
  'a Poisson of a negative mean': () => RandomStream.seeded('').poisson(-1),
  'a Poisson of no number': () => RandomStream.seeded('').poisson(NaN),
  'a pick from nothing': () => RandomStream.seeded('').pick([], () => 1),
  'a pick among weights of zero': () => RandomStream.seeded('').pick(['a'], () => 0),
  'the all-zero state': () => RandomStream.fromState([0, 0, 0, 0]),
};
it.each(Object.entries(misuses))('refuses %s', (_sentence, misuse) => expect(misuse).toThrow(RangeError));

it('hashes a text to a stable fraction', () => {
  const fractions = draw(2_000, () => 0).map((_zero, index) => stableFraction(`user-${index}`));
  expect(fractions.every((value) => value >= 0 && value < 1)).toBe(true);
  expect(mean(fractions)).toBeCloseTo(0.5, 1);
  expect(stableFraction('user-7')).toBe(stableFraction('user-7'));
});
