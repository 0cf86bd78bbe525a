import fc from 'fast-check';
import type { BookingPart } from './booking.js';
import { type BookedStretch, type NodeStanding, chooseNodes } from './node-choice.js';

const aNode = (index: number, named: Partial<NodeStanding> = {}): NodeStanding => ({
  id: `a-${index}`,
  groupId: 'a',
  index,
  isUp: true,
  secondsPastStart: 0,
  booked: [],
  ...named,
});
const aPart = (nodes: BookingPart['nodes'], groupId = 'a'): BookingPart => ({ poolId: 'p', groupId, nodes });
const by = (bookingId: string, from = 0): BookedStretch => ({ bookingId, from, until: from + 10 });
const four = [0, 1, 2, 3].map((index) => aNode(index));

describe('nodes for a booking', () => {
  const cases: Record<string, { parts: BookingPart[]; standings: NodeStanding[]; want: string[][] }> = {
    'are the first by index where all are alike': { parts: [aPart(2)], standings: four, want: [['a-0', 'a-1']] },
    'do not depend on the order in which nodes are told': {
      parts: [aPart(2)],
      standings: four.toReversed(),
      want: [['a-0', 'a-1']],
    },
    'are those whose work lasts least into it': {
      parts: [aPart(2)],
      standings: [aNode(0, { secondsPastStart: 30 }), aNode(1, { secondsPastStart: 10 }), aNode(2, { secondsPastStart: 20 })],
      want: [['a-1', 'a-2']],
    },
    'in service go before those that are not, whatever they run': {
      parts: [aPart(1)],
      standings: [aNode(0, { isUp: false }), aNode(1, { secondsPastStart: 9_999 })],
      want: [['a-1']],
    },
    'out of service are taken where there are no others': {
      parts: [aPart(2)],
      standings: [aNode(0, { isUp: false }), aNode(1)],
      want: [['a-0', 'a-1']],
    },
    'skip what another has booked': {
      parts: [aPart(2)],
      standings: [aNode(0, { booked: [by('x')] }), aNode(1), aNode(2)],
      want: [['a-1', 'a-2']],
    },
    'that are named are these, in the order of the group': {
      parts: [aPart(['a-3', 'a-1'])],
      standings: four,
      want: [['a-1', 'a-3']],
    },
    'that are named twice are taken once': { parts: [aPart(['a-3', 'a-3'])], standings: four, want: [['a-3']] },
    'are all where all are asked for': { parts: [aPart('all')], standings: four, want: [['a-0', 'a-1', 'a-2', 'a-3']] },
    'come from several groups at once': {
      parts: [aPart(1, 'b'), aPart(1)],
      standings: [...four, aNode(0, { id: 'b-0', groupId: 'b' })],
      want: [['b-0'], ['a-0']],
    },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { parts, standings, want }) => {
    const choice = chooseNodes(parts, standings);
    expect(choice.kind === 'chosen' && choice.nodes.map((nodes) => nodes.map((node) => node.id))).toEqual(want);
  });
});

describe('nodes are refused', () => {
  const refusal = {
    kind: 'refused' as const,
    part: 0,
    groupId: 'a',
    unknown: [] as string[],
    inTheWay: [] as BookedStretch[],
  };
  const cases: Record<string, { parts: BookingPart[]; standings: NodeStanding[]; want: object }> = {
    'when too few are free, with those in the way, the earliest first, each once': {
      parts: [aPart(2)],
      standings: [aNode(0, { booked: [by('y', 5)] }), aNode(1, { booked: [by('z', 5), by('x', 2)] }), aNode(2, { booked: [by('y', 5)] }), aNode(3)],
      want: { ...refusal, reason: 'taken', asked: 2, free: 1, inTheWay: [by('x', 2), by('y', 5), by('z', 5)] },
    },
    'two occurrences of one booking are both in the way': {
      parts: [aPart(1)],
      standings: [aNode(0, { booked: [by('x', 9), by('x', 2)] })],
      want: { ...refusal, reason: 'taken', asked: 1, free: 0, inTheWay: [by('x', 2), by('x', 9)] },
    },
    'when the group has fewer': {
      parts: [aPart(5)],
      standings: four,
      want: { ...refusal, reason: 'absent', asked: 5, free: 4 },
    },
    'when a named one is booked, though others are free': {
      parts: [aPart(['a-0', 'a-1'])],
      standings: [aNode(0, { booked: [by('x')] }), ...four.slice(1)],
      want: { ...refusal, reason: 'taken', asked: 2, free: 1, inTheWay: [by('x')] },
    },
    'when a named one is not there': {
      parts: [aPart(['a-9', 'a-0', 'a-8'])],
      standings: four,
      want: { ...refusal, reason: 'absent', asked: 3, free: 1, unknown: ['a-8', 'a-9'] },
    },
    'when one of all is booked': {
      parts: [aPart('all')],
      standings: [aNode(0), aNode(1, { booked: [by('x')] })],
      want: { ...refusal, reason: 'taken', asked: 2, free: 1, inTheWay: [by('x')] },
    },
    'when a group without nodes is asked for all of them': {
      parts: [aPart('all')],
      standings: [],
      want: { ...refusal, reason: 'absent', asked: 0, free: 0 },
    },
    'when a node of that name is in another group': {
      parts: [aPart(['b-0'])],
      standings: [...four, aNode(0, { id: 'b-0', groupId: 'b' })],
      want: { ...refusal, reason: 'absent', asked: 1, free: 0, unknown: ['b-0'] },
    },
    'when one of several parts cannot be had, and it is said which': {
      parts: [aPart(1), aPart(1, 'b')],
      standings: [...four, aNode(0, { id: 'b-0', groupId: 'b', booked: [by('x')] })],
      want: { ...refusal, part: 1, groupId: 'b', reason: 'taken', asked: 1, free: 0, inTheWay: [by('x')] },
    },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { parts, standings, want }) =>
    expect(chooseNodes(parts, standings)).toEqual(want),
  );
});

describe('for every group', () => {
  const anyStandings = fc.array(
    fc.record({ isUp: fc.boolean(), seconds: fc.integer({ min: 0, max: 5 }), isBooked: fc.boolean() }),
    { minLength: 1, maxLength: 12 },
  );
  it('so many nodes are chosen as are asked for, none of them booked, or fewer are free than asked for', () => {
    fc.assert(
      fc.property(anyStandings, fc.integer({ min: 1, max: 12 }), (made, asked) => {
        const standings = made.map(({ isUp, seconds, isBooked }, index) =>
          aNode(index, { isUp, secondsPastStart: seconds, booked: isBooked ? [by('x')] : [] }),
        );
        const free = standings.filter((node) => node.booked.length === 0);
        const choice = chooseNodes([aPart(asked)], standings);
        expect(choice.kind === 'chosen').toBe(free.length >= asked);
        if (choice.kind === 'refused') return;
        const chosen = choice.nodes[0]!;
        expect(new Set(chosen.map((node) => node.id)).size).toBe(asked);
        expect(chosen.every((node) => node.booked.length === 0)).toBe(true);
        const left = free.filter((node) => !chosen.includes(node));
        for (const node of chosen) {
          const better = left.filter((other) => Number(other.isUp) > Number(node.isUp)
            || (other.isUp === node.isUp && other.secondsPastStart < node.secondsPastStart)); // prettier-ignore
          expect(better).toEqual([]);
        }
      }),
    );
  });
});
