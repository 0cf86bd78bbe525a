import { HOUR_MS } from '#libs/domain';
import fc from 'fast-check';
import { type NodeUse, idleSince, isToBeGivenBack, useOf } from './give-back.js';

const start = Date.parse('2026-11-24T09:00:00+08:00');
const minutes = (count: number): number => start + count * 60_000;
const occurrence = { from: start, until: start + 4 * HOUR_MS, giveBackAfterSeconds: 1800 };
const use = (from: number, until: number | null, nodeId = 'n-0'): NodeUse => ({
  nodeId,
  from: minutes(from),
  until: until === null ? null : minutes(until),
});

describe('an occurrence that is given back after 30 minutes', () => {
  const cases: Record<string, { uses: NodeUse[]; at: number; wantIdle: number | null; want: boolean }> = {
    'has not begun': { uses: [], at: minutes(-1), wantIdle: null, want: false },
    'has begun just now': { uses: [], at: start, wantIdle: start, want: false },
    'unused, a millisecond before': { uses: [], at: minutes(30) - 1, wantIdle: start, want: false },
    'unused for exactly so long': { uses: [], at: minutes(30), wantIdle: start, want: true },
    'unused until just before its end': { uses: [], at: occurrence.until - 1, wantIdle: start, want: true },
    'over: there is nothing left to give back': { uses: [], at: occurrence.until, wantIdle: start, want: false },
    'partly used: one node in use keeps all of them': { uses: [use(5, null)], at: minutes(200), wantIdle: null, want: false },
    'one use has ended, another goes on': { uses: [use(5, 10), use(7, null, 'n-1')], at: minutes(200), wantIdle: null, want: false },
    'used and left, 30 minutes ago': { uses: [use(5, 60)], at: minutes(90), wantIdle: minutes(60), want: true },
    'used and left, less than 30 minutes ago': { uses: [use(5, 60)], at: minutes(90) - 1, wantIdle: minutes(60), want: false },
    'the last of several uses counts': { uses: [use(5, 60, 'n-1'), use(6, 20)], at: minutes(89), wantIdle: minutes(60), want: false },
    'a use that ended before it began is none of it': { uses: [use(-50, -10)], at: minutes(30), wantIdle: start, want: true },
    'a use from before that lasts into it is one': { uses: [use(-50, 10)], at: minutes(39), wantIdle: minutes(10), want: false },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { uses, at, wantIdle, want }) => {
    expect(idleSince(occurrence, uses, at)).toBe(wantIdle);
    expect(isToBeGivenBack(occurrence, uses, at)).toBe(want);
  });

  it('stays due until its end once nobody comes back, and never while somebody holds a node', () => {
    const anyUses = fc.array(
      fc.tuple(fc.integer({ min: -30, max: 200 }), fc.integer({ min: 0, max: 60 })).map(([from, length]) => use(from, from + length)),
      { maxLength: 5 },
    ); // prettier-ignore
    fc.assert(
      fc.property(anyUses, fc.integer({ min: 0, max: 239 }), fc.integer({ min: 0, max: 239 }), (uses, a, b) => {
        const past = uses.filter(({ until }) => until! <= minutes(Math.min(a, b)));
        const [early, late] = [minutes(Math.min(a, b)), minutes(Math.max(a, b))];
        const isDueEarly = isToBeGivenBack(occurrence, past, early);
        expect(!isDueEarly || isToBeGivenBack(occurrence, past, late)).toBe(true);
        expect(isToBeGivenBack(occurrence, [...past, use(0, null)], late)).toBe(false);
      }),
    );
  });
});

describe('what was made of it', () => {
  const nodes = ['n-0', 'n-1'];
  const cases: Record<string, { uses: NodeUse[]; want: object }> = {
    'nothing': { uses: [], want: { use: 'unused', nodesUsed: 0, nodesHeld: 0, lastUsedAt: null } },
    'a use of another node is no use': { uses: [use(0, 5, 'n-7')], want: { use: 'unused', nodesUsed: 0, nodesHeld: 0, lastUsedAt: null } },
    'one node of two, and it was left': { uses: [use(0, 5)], want: { use: 'partly', nodesUsed: 1, nodesHeld: 0, lastUsedAt: minutes(5) } },
    'one node twice is one node': { uses: [use(0, 5), use(7, 9)], want: { use: 'partly', nodesUsed: 1, nodesHeld: 0, lastUsedAt: minutes(9) } },
    'both, one of them still': { uses: [use(0, 5), use(1, null, 'n-1')], want: { use: 'whole', nodesUsed: 2, nodesHeld: 1, lastUsedAt: minutes(60) } },
    'two jobs on one node hold one node': { uses: [use(0, null), use(1, null)], want: { use: 'partly', nodesUsed: 1, nodesHeld: 1, lastUsedAt: minutes(60) } },
    'what begins now is not made yet': { uses: [use(60, null)], want: { use: 'unused', nodesUsed: 0, nodesHeld: 0, lastUsedAt: null } },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { uses, want }) =>
    expect(useOf(nodes, uses, minutes(60))).toEqual(want),
  );
});
