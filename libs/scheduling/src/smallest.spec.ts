import fc from 'fast-check';
import { Smallest } from './smallest.js';

describe('the smallest of many numbers', () => {
  it('has no bound until as many as wanted were offered', () => {
    const smallest = new Smallest(3);
    smallest.reset(2);
    expect(smallest.bound).toBe(Infinity);
    smallest.offer(5);
    expect(smallest.bound).toBe(Infinity);
    smallest.offer(7);
    expect(smallest.bound).toBe(7);
    smallest.offer(7);
    smallest.offer(6);
    expect(smallest.bound).toBe(6);
    smallest.reset(1);
    expect(smallest.bound).toBe(Infinity);
  });

  it('agrees with sorting', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.nat(), (numbers, pick) => {
        const width = 1 + (pick % numbers.length);
        const smallest = new Smallest(numbers.length);
        smallest.reset(width);
        for (const number of numbers) smallest.offer(number);
        const sorted = numbers.toSorted((a, b) => a - b);
        expect(smallest.bound).toBe(sorted[width - 1]);
      }),
    );
  });
});
