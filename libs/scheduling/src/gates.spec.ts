import fc from 'fast-check';
import { type Bid, type Gate, Gates } from './gates.js';
import type { Seconds } from './model.js';
import { expectJudged, runs } from './testing/runs.js';

const bid: Bid = { slot: 3, group: 1, nodes: 2, seconds: 60 };
type Refusal = Gate['refusal'];

/** A gate that opens at the first of its times that has come; closed for ever after the last. It writes down what is taken. */
function aGate(refusal: Refusal, opens: (from: Seconds) => Seconds, log: string[] = []): Gate {
  return {
    refusal,
    earliest: (_bid, from) => opens(from),
    take: ({ slot }, start, now) => {
      log.push(`${refusal} takes ${slot} at ${start} of ${now}`);
      return () => log.push(`${refusal} gives back`);
    },
  };
}
const open = (from: Seconds): Seconds => from;
const shut = (): Seconds => Infinity;
const from = (at: Seconds) => (asked: Seconds) => Math.max(asked, at);
/** Open during one second of each so many. */
const every =
  (period: number, offset = 0) =>
  (asked: Seconds) =>
    Math.ceil((asked - offset) / period) * period + offset;

describe('why a start cannot be now', () => {
  const cases: Record<string, { gates: Gate[]; want: Refusal | null }> = {
    'without gates nothing is in the way': { gates: [], want: null },
    'every gate is open': { gates: [aGate('quota-spent', open), aGate('power-cap-reached', open)], want: null },
    'a gate that opens now is open': { gates: [aGate('power-cap-reached', from(100))], want: null },
    'one that opens a second later is not': {
      gates: [aGate('power-cap-reached', from(101))],
      want: 'power-cap-reached',
    },
    'the first that is shut gives the name': {
      gates: [aGate('quota-spent', open), aGate('power-cap-reached', from(500)), aGate('green-share-too-low', shut)],
      want: 'power-cap-reached',
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { gates, want }) => {
    expect(new Gates(gates).refusal(bid, 100)).toBe(want);
  });

  it('each gate is asked about the bid itself, at the time of asking', () => {
    const asked: unknown[] = [];
    const gate: Gate = { ...aGate('quota-spent', open), earliest: (...what) => (asked.push(what), 100) };
    new Gates([gate]).refusal(bid, 100);
    expect(asked).toEqual([[bid, 100]]);
  });

  it('is for good where one gate is opened by nothing but an event, wherever it stands', () => {
    const shutBy = (...opens: ((at: Seconds) => Seconds)[]): boolean =>
      new Gates(opens.map((each) => aGate('quota-spent', each))).isShut(bid, 100);
    expect([shutBy(), shutBy(open), shutBy(from(1e9)), shutBy(shut), shutBy(open, from(500), shut)]).toEqual([
      false, false, false, true, true,
    ]); // prettier-ignore
  });

  it('what the answers depend on is told gate by gate, for the job asked about; a gate that does not say is never the same', () => {
    const told: Gate = { ...aGate('quota-spent', open), state: (slot) => slot * 10 };
    expect(new Gates([told, aGate('power-cap-reached', open)]).states(3)).toEqual([30, NaN]);
    expect(new Gates([]).states(3)).toEqual([]);
  });

  it('says whether there is anything to ask', () => {
    expect([new Gates([]).isEmpty, new Gates([aGate('quota-spent', open)]).isEmpty]).toEqual([true, false]);
  });
});

describe('the first start that nodes and gates allow', () => {
  interface Case {
    readonly gates: ((from: Seconds) => Seconds)[];
    readonly nodes: (from: Seconds) => Seconds;
    readonly want: Seconds;
  }
  const cases: Record<string, Case> = {
    'no gates: when there are nodes': { gates: [], nodes: from(70), want: 70 },
    'no gates and no nodes ever: never': { gates: [], nodes: shut, want: Infinity },
    'nodes and gates at once: at once': { gates: [open], nodes: open, want: 10 },
    'a gate later than the nodes: when it opens': { gates: [from(50)], nodes: open, want: 50 },
    'nodes later than the gate: when there are nodes': { gates: [from(50)], nodes: from(90), want: 90 },
    'the latest of several gates': { gates: [from(50), from(80), from(60)], nodes: open, want: 80 },
    'nodes that are gone when the gate opens: when they are there again': {
      gates: [from(50)],
      nodes: (at) => (at <= 20 ? at : Math.max(at, 200)),
      want: 200,
    },
    'a gate that is shut again when there are nodes: at its next opening': { gates: [every(24)], nodes: every(7), want: 168 },
    'a gate that never opens: never': { gates: [open, shut], nodes: open, want: Infinity },
    'no nodes ever once the gate opens: never': { gates: [from(50)], nodes: (at) => (at <= 20 ? at : Infinity), want: Infinity },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { gates, nodes, want }) => {
    const list = gates.map((opens) => aGate('power-cap-reached', opens));
    expect(new Gates(list).earliest(bid, 10, nodes)).toBe(want);
  });

  it('nodes are not looked for behind a gate that never opens', () => {
    const asked: Seconds[] = [];
    new Gates([aGate('quota-spent', shut)]).earliest(bid, 10, (at) => (asked.push(at), at));
    expect(asked).toEqual([10]);
  });

  /** Nodes at odd seconds and a gate at even ones, until both give way at a time. */
  const backAndForth = (until: Seconds): Seconds =>
    new Gates([aGate('power-cap-reached', (at) => (at >= until ? at : at + (at % 2)))]).earliest(bid, 1, (at) =>
      at >= until ? at : at + 1 - (at % 2),
    );
  it('is sent back and forth sixteen times and then given up', () => {
    // Each round goes on by two seconds, from 1: the sixteenth look is at 31.
    expect(backAndForth(31)).toBe(31);
    expect(backAndForth(33)).toBe(Infinity);
  });

  it('is never before what was asked for, and both nodes and gates agree to it', () => {
    const period = fc.integer({ min: 1, max: 6 });
    let found = 0;
    fc.assert(
      fc.property(fc.array(period, { maxLength: 3 }), period, fc.nat(100), (gates, nodes, asked) => {
        const list = gates.map((each) => aGate('green-share-too-low', every(each)));
        const start = new Gates(list).earliest(bid, asked, every(nodes));
        if (start === Infinity) return;
        found++;
        expect(start).toBeGreaterThanOrEqual(asked);
        expect([...gates, nodes].map((each) => start % each)).toEqual([...gates, nodes].map(() => 0));
        expect(new Gates(list).refusal(bid, start)).toBeNull();
      }),
      { numRuns: runs(500) },
    );
    expectJudged(found, 400);
  });
});

describe('taking a start', () => {
  it('tells every gate, and undone gives back in the opposite order', () => {
    const log: string[] = [];
    const undo = new Gates([aGate('quota-spent', open, log), aGate('power-cap-reached', open, log)]).take(bid, 40, 30);
    expect(log).toEqual(['quota-spent takes 3 at 40 of 30', 'power-cap-reached takes 3 at 40 of 30']);
    log.length = 0;
    undo!();
    expect(log).toEqual(['power-cap-reached gives back', 'quota-spent gives back']);
  });

  it('without gates there is nothing to undo', () => expect(new Gates([]).take(bid, 40, 30)).toBeNull());
});
