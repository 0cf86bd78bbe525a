import type { NodeShape } from '#libs/domain';
import fc from 'fast-check';
import { type JobKind, JobKinds } from './job-kinds.js';
import { aJob, anAttempt } from './testing/builders.js';
import { runs } from './testing/runs.js';

const shape = (cards: number, cores = 1): NodeShape => ({ cards, cores, memoryGiB: 1 });
const newKinds = (): JobKinds => new JobKinds({ candidates: [], version: 0 });
const kindOf = (kinds: JobKinds, perNode: NodeShape, nodes = 1): JobKind => kinds.join(aJob('j', { perNode, nodes }));
const shapesOf = ({ ask, cardsAsk }: JobKind): number[] => [ask.shape, cardsAsk.shape];

/** So many kinds, of one node, of two and so on, join and all leave again. */
function passBy(kinds: JobKinds, count: number, perNode = shape(2)): JobKind[] {
  const passing = Array.from({ length: count }, (_none, index) => kindOf(kinds, perNode, index + 1));
  for (const kind of passing) kinds.leave(kind);
  return passing;
}

describe('when kinds are swept', () => {
  // Beside those that wait there may be as many again, and 1024.
  const cases: Record<string, { waiting: number; gone: number; isSwept: boolean }> = {
    'nobody waits: 1024 that have gone are kept': { waiting: 0, gone: 1024, isSwept: false },
    'nobody waits: one more is too many': { waiting: 0, gone: 1025, isSwept: true },
    'three wait: 1027 are kept': { waiting: 3, gone: 1027, isSwept: false },
    'three wait: 1028 are too many': { waiting: 3, gone: 1028, isSwept: true },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { waiting, gone, isSwept }) => {
    const kinds = newKinds();
    for (let cores = 1; cores <= waiting; cores++) kindOf(kinds, shape(1, cores));
    const passing = passBy(kinds, gone);
    const found = passing.slice(0, 3).map((kind, index) => kindOf(kinds, shape(2), index + 1) === kind);
    expect(found).toEqual([!isSwept, !isSwept, !isSwept]);
  });

  it('several jobs of a kind count as one kind that waits', () => {
    const kinds = newKinds();
    for (let count = 0; count < 50; count++) kindOf(kinds, shape(1));
    const [first] = passBy(kinds, 1026);
    expect(kindOf(kinds, shape(2))).not.toBe(first);
  });

  it('a kind of which one more waits stays when another of it leaves', () => {
    const kinds = newKinds();
    const stays = kindOf(kinds, shape(1));
    kindOf(kinds, shape(1));
    passBy(kinds, 1025);
    kinds.leave(stays);
    passBy(kinds, 1, shape(3));
    expect([kindOf(kinds, shape(1)), stays.waiting]).toEqual([stays, 2]);
  });

  it('a kind that somebody joined again in time is not of those that go', () => {
    const kinds = newKinds();
    const early = kindOf(kinds, shape(1));
    kinds.leave(early);
    expect(kindOf(kinds, shape(1))).toBe(early);
    const [first] = passBy(kinds, 1026);
    expect(kindOf(kinds, shape(1))).toBe(early);
    expect(kindOf(kinds, shape(2))).not.toBe(first);
  });
});

describe('the numbers of kinds', () => {
  it('go on from those in use, and are given again after a sweep before there are new ones', () => {
    const kinds = newKinds();
    const stays = kindOf(kinds, shape(1));
    const before = passBy(kinds, 1026).map(({ index }) => index);
    expect(before).toEqual(Array.from({ length: 1026 }, (_none, place) => place + 1));
    const after = Array.from({ length: 1026 }, (_none, place) => kindOf(kinds, shape(3), place + 1).index);
    expect(after.toSorted((a, b) => a - b)).toEqual(before);
    expect([kinds.byIndex.length, kindOf(kinds, shape(4)).index, kinds.byIndex.length]).toEqual([1027, 1027, 1028]);
    expect(kinds.byIndex[0]).toBe(stays);
  });

  it('lead to the kind that has them now', () => {
    const kinds = newKinds();
    const gone = passBy(kinds, 1025);
    const next = kindOf(kinds, shape(3));
    expect(gone.map(({ index }) => index)).toContain(next.index);
    expect(kinds.byIndex[next.index]).toBe(next);
    expect([next.waiting, next.eligible, next.set]).toEqual([1, [], -1]);
  });
});

describe('the numbers of shapes, after a sweep', () => {
  // Two kinds wait or have gone: numbers 0 and 1 are those of what waits, 2 and 3 of what has gone.
  function swept(waiting: NodeShape, gone: NodeShape) {
    const kinds = newKinds();
    const stays = kindOf(kinds, waiting);
    const [went] = passBy(kinds, 1026, gone);
    return { kinds, stays: shapesOf(stays), went: shapesOf(went!) };
  }
  const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b);

  it('those that nobody has go to a new shape, and the next gets new ones', () => {
    const { kinds, stays, went } = swept(shape(1), shape(2));
    expect([stays, went]).toEqual([[0, 1], [2, 3]]); // prettier-ignore
    expect(sorted(shapesOf(kindOf(kinds, shape(5))))).toEqual([2, 3]);
    expect(sorted(shapesOf(kindOf(kinds, shape(6))))).toEqual([4, 5]);
    expect(shapesOf(kindOf(kinds, shape(1), 9))).toEqual([0, 1]);
  });

  it('the cards alone keep theirs while another shape with as many cards waits', () => {
    const { kinds, stays, went } = swept(shape(2, 9), shape(2));
    expect([stays, went]).toEqual([[0, 1], [2, 1]]); // prettier-ignore
    expect(sorted(shapesOf(kindOf(kinds, shape(5))))).toEqual([2, 3]);
    expect(shapesOf(kindOf(kinds, shape(2, 7)))[1]).toBe(1);
  });

  it('a shape keeps its number while a kind with more nodes of it waits', () => {
    const kinds = newKinds();
    const wide = kindOf(kinds, shape(2), 5000);
    passBy(kinds, 1026);
    expect([shapesOf(wide), shapesOf(kindOf(kinds, shape(2)))]).toEqual([[0, 1], [0, 1]]); // prettier-ignore
    expect(sorted(shapesOf(kindOf(kinds, shape(5))))).toEqual([2, 3]);
  });

  it('one that an attempt was asked for like keeps its number, for it may still run', () => {
    const kinds = newKinds();
    kindOf(kinds, shape(1));
    const running = kinds.askLike(anAttempt('r', 'g', { perNode: shape(2), nodeCount: 1 }));
    passBy(kinds, 1026);
    expect(shapesOf(kindOf(kinds, shape(5)))).not.toContain(running.shape);
    expect(shapesOf(kindOf(kinds, shape(2)))[0]).toBe(running.shape);
  });

  it('a shape of cards alone has one number for both, which is given up once, when both are', () => {
    const bare: NodeShape = { cards: 2, cores: 0, memoryGiB: 0 };
    const { kinds, went } = swept(shape(1), bare);
    expect(went).toEqual([2, 2]);
    expect(sorted(shapesOf(kindOf(kinds, shape(5))))).toEqual([2, 3]);
    expect(sorted(shapesOf(kindOf(kinds, shape(6))))).toEqual([4, 5]);
  });
});

describe('kinds beside a list of all jobs that wait', () => {
  const anyJob = fc.record({ cards: fc.integer({ min: 1, max: 3 }), cores: fc.integer({ min: 1, max: 2 }) });
  const anyMove = fc.oneof(
    { weight: 8, arbitrary: fc.record({ what: fc.constant('join' as const), of: anyJob, nodes: fc.integer({ min: 1, max: 2 }) }) },
    { weight: 6, arbitrary: fc.record({ what: fc.constant('leave' as const), place: fc.nat({ max: 30 }) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('many pass' as const), of: anyJob }) },
  ); // prettier-ignore
  type Waiting = { readonly asked: string; readonly perNode: NodeShape; readonly kind: JobKind };

  function lived(moves: readonly (typeof anyMove extends fc.Arbitrary<infer Move> ? Move : never)[]) {
    const kinds = newKinds();
    const waiting: Waiting[] = [];
    for (const move of moves) {
      if (move.what === 'leave') for (const { kind } of waiting.splice(move.place, 1)) kinds.leave(kind);
      else if (move.what === 'many pass') passBy(kinds, 1060, shape(move.of.cards + 3, move.of.cores));
      else {
        const perNode = shape(move.of.cards, move.of.cores);
        const asked = `${move.nodes}*${move.of.cards}/${move.of.cores}`;
        waiting.push({ asked, perNode, kind: kindOf(kinds, perNode, move.nodes) });
      }
    }
    return { kinds, waiting };
  }

  it('are as many as there are different jobs, each with a number of its own and with as many as wait', () => {
    fc.assert(
      fc.property(fc.array(anyMove, { maxLength: 40 }), (moves) => {
        const { kinds, waiting } = lived(moves);
        const different = new Map(waiting.map(({ asked, kind }) => [asked, kind]));
        const alive = [...different.values()];
        expect(waiting.map(({ kind }) => kind)).toEqual(waiting.map(({ asked }) => different.get(asked)));
        expect(new Set(alive.map(({ index }) => index)).size).toBe(different.size);
        expect(alive.map(({ index }) => kinds.byIndex[index])).toEqual(alive);
        const counts = [...different.keys()].map((asked) => waiting.filter((other) => other.asked === asked).length);
        expect(alive.map((kind) => kind.waiting)).toEqual(counts);
      }),
      { numRuns: runs(40) },
    );
  });

  it('have one number of a shape just where they have one shape, whatever numbers were given up', () => {
    fc.assert(
      fc.property(fc.array(anyMove, { maxLength: 40 }), (moves) => {
        const { waiting } = lived(moves);
        const numbers = new Map<string, Set<number>>();
        for (const { perNode, kind } of waiting) {
          const whole = `${perNode.cards}/${perNode.cores}`;
          for (const [name, number] of [[whole, kind.ask.shape], [`${perNode.cards}`, kind.cardsAsk.shape]] as const) {
            numbers.set(name, (numbers.get(name) ?? new Set()).add(number));
          }
        } // prettier-ignore
        const each = [...numbers.values()].map((set) => [...set]);
        expect(each.filter((of) => of.length !== 1)).toEqual([]);
        expect(new Set(each.flat()).size).toBe(each.length);
      }),
      { numRuns: runs(40) },
    );
  });
});
