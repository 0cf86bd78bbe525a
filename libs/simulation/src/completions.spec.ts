import fc from 'fast-check';
import { Completions } from './completions.js';

describe('completions', () => {
  it('have no next while nothing runs', () => {
    const running = new Completions();
    expect(running.next).toBe(Infinity);
    running.add(7, 30);
    expect(running.next).toBe(30);
    expect(running.take()).toBe(7);
    expect(running.next).toBe(Infinity);
  });

  it('come by end, and those that end together in the order in which they were added', () => {
    const anyEnds = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 200 });
    fc.assert(
      fc.property(anyEnds, fc.nat({ max: 50 }), (ends, takenEarly) => {
        const running = new Completions();
        const held = ends.map((end, index) => ({ end, index }));
        const later = held.splice(Math.floor(held.length / 2));
        const got: number[] = [];
        const want: number[] = [];
        const takeOne = (): void => {
          held.sort((a, b) => a.end - b.end || a.index - b.index);
          const first = held.shift()!;
          want.push(first.index);
          expect(running.next).toBe(first.end);
          got.push(running.take());
        };
        for (const { end, index } of held) running.add(index, end);
        for (let i = 0; i < takenEarly && held.length > 0; i++) takeOne();
        for (const { end, index } of later) running.add(index, end);
        held.push(...later);
        while (held.length > 0) takeOne();
        expect(got).toEqual(want);
      }),
    );
  });
});
