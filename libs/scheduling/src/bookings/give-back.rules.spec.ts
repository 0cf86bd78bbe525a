import fc from 'fast-check';
import { type NodeUse, type OccurrenceUse, idleSince, isToBeGivenBack, useOf } from './give-back.js';

const start = Date.parse('2026-11-24T09:00:00+08:00');
const minutes = (count: number): number => start + count * 60_000;
const use = (nodeId: string, from: number, until: number | null): NodeUse => ({
  nodeId,
  from: minutes(from),
  until: until === null ? null : minutes(until),
});
const hour = { from: start, until: minutes(60) };

describe('since when nobody has held a node', () => {
  const cases: Record<string, { uses: NodeUse[]; at: number; want: number | null }> = {
    'since the start, where a use has ended with it': { uses: [use('a', -9, 0)], at: 5, want: 0 },
    'since a minute after it, where one has ended then': { uses: [use('a', -9, 1)], at: 5, want: 1 },
    'since the last of all ends, whichever is told first': { uses: [use('a', 0, 9), use('b', 2, 40), use('a', 10, 20)], at: 50, want: 40 },
    'whichever is told last': { uses: [use('a', 10, 20), use('a', 0, 9), use('b', 2, 40)], at: 50, want: 40 },
    'since right now, where a use ends now': { uses: [use('a', 0, 50)], at: 50, want: 50 },
    'it is held, where one use of many goes on': { uses: [use('a', 0, 9), use('b', 2, null), use('a', 10, 20)], at: 50, want: null },
    'it is held, where one goes on from before its start': { uses: [use('a', -9, null)], at: 0, want: null },
    'nobody asks before it starts, whoever holds a node': { uses: [use('a', -9, -5)], at: -1, want: null },
    'long after its end the answer is the same': { uses: [use('a', 0, 9)], at: 500, want: 9 },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { uses, at, want }) => {
    expect(idleSince(hour, uses, minutes(at))).toBe(want === null ? null : minutes(want));
  });
});

describe('whether it goes back', () => {
  interface Case {
    readonly after: number;
    readonly uses?: NodeUse[];
    readonly at: number;
    readonly want: boolean;
  }
  const cases: Record<string, Case> = {
    'at its start, where nobody is waited for': { after: 0, at: start, want: true },
    'not before it, even then': { after: 0, at: start - 1, want: false },
    'at once when the last one leaves, where nobody is waited for': { after: 0, uses: [use('a', 0, 9)], at: minutes(9), want: true },
    'not in the millisecond before a second is over': { after: 1, at: start + 999, want: false },
    'when the second is over': { after: 1, at: start + 1000, want: true },
    'a second after the last one left': { after: 1, uses: [use('a', 0, 9)], at: minutes(9) + 1000, want: true },
    'not a millisecond before that': { after: 1, uses: [use('a', 0, 9)], at: minutes(9) + 999, want: false },
    'in its last millisecond': { after: 3599, at: minutes(60) - 1, want: true },
    'not where the wait ends with it': { after: 3600, at: minutes(60), want: false },
    'not once it is over': { after: 1, at: minutes(60), want: false },
    'never where somebody holds a node, not even where nobody is waited for': { after: 0, uses: [use('a', 0, null)], at: minutes(59), want: false },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { after, uses = [], at, want }) => {
    expect(isToBeGivenBack({ ...hour, giveBackAfterSeconds: after }, uses, at)).toBe(want);
  });
});

describe('what its members have made of it', () => {
  const none: OccurrenceUse = { use: 'unused', nodesUsed: 0, nodesHeld: 0, lastUsedAt: null };
  const cases: Record<string, { nodes?: string[]; uses: NodeUse[]; want: OccurrenceUse }> = {
    'nothing, where it has no nodes': { nodes: [], uses: [use('a', 0, 5)], want: none },
    'the whole of one node': {
      nodes: ['a'],
      uses: [use('a', 0, 5)],
      want: { use: 'whole', nodesUsed: 1, nodesHeld: 0, lastUsedAt: minutes(5) },
    },
    'the whole of a node that is named twice': {
      nodes: ['a', 'a'],
      uses: [use('a', 0, 5)],
      want: { use: 'whole', nodesUsed: 1, nodesHeld: 0, lastUsedAt: minutes(5) },
    },
    'a part, where one of three was never held': {
      nodes: ['a', 'b', 'c'],
      uses: [use('a', 0, 5), use('c', 2, 4)],
      want: { use: 'partly', nodesUsed: 2, nodesHeld: 0, lastUsedAt: minutes(5) },
    },
    'last used when the latest use ended, whichever came first': {
      uses: [use('a', 0, 9), use('b', 1, 4), use('a', 10, 12), use('b', 5, 11)],
      want: { use: 'whole', nodesUsed: 2, nodesHeld: 0, lastUsedAt: minutes(12) },
    },
    'held by one, left by the other': {
      uses: [use('a', 0, 9), use('a', 10, null)],
      want: { use: 'partly', nodesUsed: 1, nodesHeld: 1, lastUsedAt: minutes(60) },
    },
    'both are held': {
      uses: [use('b', 0, null), use('a', 59, null)],
      want: { use: 'whole', nodesUsed: 2, nodesHeld: 2, lastUsedAt: minutes(60) },
    },
    'what goes on at a node of others counts for nothing': {
      uses: [use('a', 0, 9), use('z', 0, null), use('y', 0, 50)],
      want: { use: 'partly', nodesUsed: 1, nodesHeld: 0, lastUsedAt: minutes(9) },
    },
    'what begins in a minute counts for nothing': { uses: [use('a', 61, null), use('b', 61, 70)], want: none },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { nodes = ['a', 'b'], uses, want }) => {
    expect(useOf(nodes, uses, minutes(60))).toEqual(want);
  });

  it('a use counts from the millisecond after its begin on', () => {
    const uses = [use('a', 10, null)];
    expect(useOf(['a'], uses, minutes(10))).toEqual(none);
    expect(useOf(['a'], uses, minutes(10) + 1)).toMatchObject({ use: 'whole', lastUsedAt: minutes(10) + 1 });
  });
});

describe('idle time and looking at every minute', () => {
  const oneUse = fc
    .record({ node: fc.constantFrom('a', 'b'), from: fc.integer({ min: -20, max: 60 }), length: fc.integer({ min: 1, max: 30 }) })
    .map(({ node, from, length }) => ({ node, from, until: from + length })); // prettier-ignore

  it('agree, in whatever order the uses are told', () => {
    fc.assert(
      fc.property(fc.array(oneUse, { maxLength: 6 }), fc.integer({ min: 0, max: 80 }), (all, at) => {
        const begun = all.filter(({ from }) => from < at);
        const uses = begun.map(({ node, from, until }) => use(node, from, until <= at ? until : null));
        const isHeldIn = (minute: number): boolean => begun.some(({ from, until }) => from <= minute && minute < until);
        let idle = at;
        while (idle > 0 && !isHeldIn(idle - 1)) idle--;
        const want = isHeldIn(at) ? null : minutes(idle);
        expect(idleSince(hour, uses, minutes(at))).toBe(want);
        expect(idleSince(hour, uses.toReversed(), minutes(at))).toBe(want);
        const due = want !== null && at < 60 && at - idle >= 15;
        expect(isToBeGivenBack({ ...hour, giveBackAfterSeconds: 900 }, uses, minutes(at))).toBe(due);
      }),
    );
  });
});
