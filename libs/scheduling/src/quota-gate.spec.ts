import fc from 'fast-check';
import type { QuotaModel } from './model.js';
import { createPlanner } from './planner.js';
import { QuotaGate } from './quota-gate.js';
import { aCpuGroup, aGroup, aJob, anAttempt, aPolicy, aSnapshot } from './testing/builders.js';
import { runs } from './testing/runs.js';

/** Group 0: cards at their worth. Group 1: a card counts for half a reference card. Group 2: processors alone. */
const groups = [aGroup('whole'), aGroup('half', { exchangeRate: 0.5 }), aCpuGroup('plain')];
const perNode = { cards: 1, cores: 1, memoryGiB: 1 };
const tenant = (id: string, cards?: number, more: Partial<QuotaModel> & { parentId?: string } = {}) => {
  const { parentId = null, ...limits } = more;
  return { id, parentId, weight: 1, usage: 0, ...(cards !== undefined && { quota: { cards, ...limits } }) };
};
/** Slot 0 is a job of a's on four nodes of a card each; slot 1 one of b's on two, slot 2 one of a tenant without quota. */
const jobs = [
  aJob('of a', { tenantId: 'a', nodes: 4, perNode }),
  aJob('of b', { tenantId: 'b', nodes: 2, perNode }),
  aJob('of free', { tenantId: 'free', nodes: 4, perNode }),
];
function gateWith(tenants: ReturnType<typeof tenant>[], holds: Record<string, [string, number]> = {}): QuotaGate {
  const gate = new QuotaGate({ job: (slot) => jobs[slot]!, group: (index) => groups[index]! });
  gate.setTenants(tenants);
  for (const [attemptId, [tenantId, milli]] of Object.entries(holds)) gate.enter(attemptId, { tenantId, milli });
  return gate;
}
const bid = (over: Partial<{ slot: number; group: number; nodes: number }> = {}) => ({
  slot: 0,
  group: 0,
  nodes: 4,
  seconds: 60,
  ...over,
});
const isOpen = (gate: QuotaGate, asked = bid()): boolean => gate.earliest(asked, 7) === 7;

describe('whether a start is within quota', () => {
  interface Case {
    readonly tenants: ReturnType<typeof tenant>[];
    readonly holds?: Record<string, [string, number]>;
    readonly asked?: ReturnType<typeof bid>;
    readonly want: boolean;
  }
  const cases: Record<string, Case> = {
    'four cards of a quota of four': { tenants: [tenant('a', 4)], want: true },
    'four cards where a thousandth of one is missing': { tenants: [tenant('a', 3.999)], want: false },
    'what runs counts: just so much is left': { tenants: [tenant('a', 6)], holds: { r: ['a', 2000] }, want: true },
    'a thousandth more runs': { tenants: [tenant('a', 6)], holds: { r: ['a', 2001] }, want: false },
    'the nodes of the bid count, not those of the job': { tenants: [tenant('a', 3)], asked: bid({ nodes: 3 }), want: true },
    'a bid for more nodes than the job least wants': { tenants: [tenant('a', 4)], asked: bid({ nodes: 5 }), want: false },
    'cards that count half need half the quota': { tenants: [tenant('a', 2)], asked: bid({ group: 1 }), want: true },
    'and no less than half': { tenants: [tenant('a', 1.999)], asked: bid({ group: 1 }), want: false },
    'a neighbour that is idle lends': { tenants: [tenant('a', 1), tenant('b', 3)], want: true },
    'but no more than the borrowing limit': { tenants: [tenant('a', 1, { borrowingLimit: 2 }), tenant('b', 9)], want: false },
    'just the borrowing limit': { tenants: [tenant('a', 1, { borrowingLimit: 3 }), tenant('b', 9)], want: true },
    'nor more than it lends': { tenants: [tenant('a', 1), tenant('b', 9, { lendingLimit: 2 })], want: false },
    'just what it lends': { tenants: [tenant('a', 1), tenant('b', 9, { lendingLimit: 3 })], want: true },
    'a tenant without a quota is not held by any': { tenants: [tenant('a', 0)], asked: bid({ slot: 2 }), want: true },
    'a quota of nothing, nobody to lend': { tenants: [tenant('a', 0)], want: false },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { tenants, holds, asked, want }) => {
    expect(isOpen(gateWith(tenants, holds), asked)).toBe(want);
  });

  it('says now or never: no hour opens it, only an event', () => {
    const gate = gateWith([tenant('a', 4)]);
    expect(gate.earliest(bid(), 123)).toBe(123);
    expect(gate.earliest(bid({ nodes: 5 }), 123)).toBe(Infinity);
    expect(gate.refusal).toBe('quota-spent');
  });
});

describe('what is held', () => {
  it('an attempt that ends gives back what it held, once', () => {
    const gate = gateWith([tenant('a', 4)], { r: ['a', 3000], s: ['a', 1000] });
    gate.leave('r');
    expect([isOpen(gate, bid({ nodes: 3 })), isOpen(gate, bid({ nodes: 4 }))]).toEqual([true, false]);
    gate.leave('r');
    gate.leave('never heard of');
    expect([isOpen(gate, bid({ nodes: 3 })), isOpen(gate, bid({ nodes: 4 }))]).toEqual([true, false]);
  });

  it('an attempt told again replaces what was known of it, its tenant too', () => {
    const gate = gateWith([tenant('a', 4, { lendingLimit: 0 }), tenant('b', 2, { lendingLimit: 0 })], { r: ['a', 4000] });
    gate.enter('r', { tenantId: 'a', milli: 1000 });
    expect([isOpen(gate, bid({ nodes: 3 })), isOpen(gate, bid({ nodes: 4 }))]).toEqual([true, false]);
    gate.enter('r', { tenantId: 'b', milli: 1 });
    expect([isOpen(gate), isOpen(gate, bid({ slot: 1, nodes: 2 }))]).toEqual([true, false]);
    gate.leave('r');
    expect(isOpen(gate, bid({ slot: 1, nodes: 2 }))).toBe(true);
  }); // prettier-ignore

  it('a start that is taken holds, until undone; a reservation holds nothing', () => {
    const gate = gateWith([tenant('a', 5)]);
    const undo = gate.take(bid(), 10, 10);
    expect([isOpen(gate, bid({ nodes: 1 })), isOpen(gate, bid({ nodes: 2 }))]).toEqual([true, false]);
    undo();
    expect(isOpen(gate, bid({ nodes: 5 }))).toBe(true);
    const undoLater = gate.take(bid(), 11, 10);
    expect(isOpen(gate, bid({ nodes: 5 }))).toBe(true);
    undoLater();
    expect([isOpen(gate, bid({ nodes: 5 })), isOpen(gate, bid({ nodes: 6 }))]).toEqual([true, false]);
  });

  it('quota kept for a job that preempts is in the way of all others, and not of itself', () => {
    const gate = gateWith([tenant('a', 5), tenant('b', 0)]);
    const undo = gate.keepFor(0, 0);
    expect(isOpen(gate, bid({ slot: 1, nodes: 1 }))).toBe(true);
    expect(isOpen(gate, bid({ slot: 1, nodes: 2 }))).toBe(false);
    expect([isOpen(gate), isOpen(gate, bid({ nodes: 5 })), isOpen(gate, bid({ nodes: 6 }))]).toEqual([true, true, false]);
    // Having asked leaves what is kept as it was.
    expect(isOpen(gate, bid({ slot: 1, nodes: 2 }))).toBe(false);
    undo();
    expect(isOpen(gate, bid({ slot: 1, nodes: 2 }))).toBe(true);
    expect([isOpen(gate, bid({ nodes: 5 })), isOpen(gate, bid({ nodes: 6 }))]).toEqual([true, false]);
  }); // prettier-ignore

  it('is kept by the rate of the group whose nodes are vacated', () => {
    const gate = gateWith([tenant('a', 4)]);
    gate.keepFor(0, 1);
    expect([isOpen(gate, bid({ slot: 1, nodes: 2 }))]).toEqual([true]); // b draws on nobody: no limit
    gate.setTenants([tenant('a', 4), tenant('b', 0)]);
    expect([isOpen(gate, bid({ slot: 1, nodes: 2 })), isOpen(gate, bid({ slot: 1, nodes: 3 }))]).toEqual([true, false]);
  });

  it('what may still be held is all that answers depend on: the same figure, the same answers', () => {
    const gate = gateWith([tenant('a', 5), tenant('b', 0)], { r: ['a', 2000] });
    expect([gate.state(0), gate.state(1), gate.state(2)]).toEqual([3000, 3000, Infinity]);
    const undo = gate.keepFor(0, 1);
    expect([gate.state(0), gate.state(1)]).toEqual([3000, 1000]); // kept for the one: in the way of the other alone
    undo();
    gate.leave('r');
    expect([gate.state(0), gate.state(1)]).toEqual([5000, 5000]);
  });

  it('stays when the quotas change', () => {
    const gate = gateWith([tenant('a', 4)], { r: ['a', 4000] });
    gate.setTenants([tenant('a', 8)]);
    expect([isOpen(gate, bid({ nodes: 4 })), isOpen(gate, bid({ nodes: 5 }))]).toEqual([true, false]);
  });
});

describe('what preemption asks of quotas', () => {
  const family = [tenant('a', 4), tenant('b', 4)];

  it('a job within what is its own is entitled to have it back, one more node is not', () => {
    const gate = gateWith(family, { r: ['b', 4000] });
    expect(isOpen(gate)).toBe(true); // having asked makes no difference
    expect(gate.isWithinOwn(jobs[0]!, 0)).toBe(true);
    expect(gate.isWithinOwn({ ...jobs[0]!, nodes: 5 }, 0)).toBe(false);
    expect(gate.isWithinOwn({ ...jobs[0]!, nodes: 8 }, 1)).toBe(true);
    expect(gate.isWithinOwn({ ...jobs[0]!, nodes: 9 }, 1)).toBe(false);
    expect(gate.isWithinOwn(jobs[1]!, 0)).toBe(false);
  });

  it('may reclaim from who borrows, not from who does not, nor from itself', () => {
    const gate = gateWith(family, { r: ['b', 4001] });
    expect(gate.mayReclaimFrom(jobs[0]!, 'b')).toBe(true);
    expect(gate.mayReclaimFrom(jobs[1]!, 'a')).toBe(false);
    expect(gate.mayReclaimFrom(jobs[1]!, 'b')).toBe(false);
    gate.enter('r', { tenantId: 'b', milli: 4000 });
    expect(gate.mayReclaimFrom(jobs[0]!, 'b')).toBe(false);
  });

  it('an elastic run may grow by as many nodes as there is room for', () => {
    const gate = gateWith(family, { r: ['a', 3000], s: ['b', 2000] });
    const run = { tenantId: 'a', perNode };
    expect([gate.mayHold(run, 0, 3), gate.mayHold(run, 0, 4)]).toEqual([true, false]);
    expect([gate.mayHold(run, 1, 6), gate.mayHold(run, 1, 7)]).toEqual([true, false]);
  });
});

describe('what must always hold of the quota gate', () => {
  const aBid = fc.record({ slot: fc.nat(1), group: fc.nat(2), nodes: fc.integer({ min: 1, max: 6 }) });
  const roomOf = (gate: QuotaGate) =>
    [0, 1].map((slot) => {
      let nodes = 0;
      while (isOpen(gate, bid({ slot, nodes: nodes + 1 }))) nodes++;
      return nodes;
    });

  it('a plan that asks before it takes never passes the quotas, and undone in any order leaves them as they were', () => {
    const milliPerNode = [1000, 500, 16]; // a core of 64 counts for a 64th of a node
    fc.assert(
      fc.property(fc.array(aBid, { maxLength: 20 }), fc.nat(12), fc.nat(12), fc.nat(), (bids, ofA, ofB, turn) => {
        const gate = gateWith([tenant('a', ofA), tenant('b', ofB)]);
        const before = roomOf(gate);
        const taken = bids.flatMap((one) => (isOpen(gate, bid(one)) ? [{ one, undo: gate.take(bid(one), 0, 0) }] : []));
        const milli = taken.reduce((sum, { one }) => sum + one.nodes * milliPerNode[one.group]!, 0);
        expect(milli).toBeLessThanOrEqual((ofA + ofB) * 1000);
        const first = taken.length > 0 ? turn % taken.length : 0;
        for (const { undo } of [...taken.slice(first), ...taken.slice(0, first)]) undo();
        expect(roomOf(gate)).toEqual(before);
      }),
      { numRuns: runs(300) },
    );
  });
});

it('a job whose quota reaches for the cheaper of two groups is told of its reservation there', () => {
  const nodes = ['n'];
  const planner = createPlanner(
    aSnapshot({
      groups: [aGroup('full', { nodes }), aGroup('spare', { nodes, exchangeRate: 0.5 })],
      tenants: [tenant('a', 4)],
      running: [anAttempt('r', 'spare', { tenantId: 'else', endsBy: 1500 })],
      queued: [aJob('j', { tenantId: 'a' })],
    }),
    aPolicy(),
  );
  expect(planner.plan(1000).waiting).toMatchObject([
    { jobId: 'j', refusal: 'quota-spent', estimatedStart: 1500, basis: 'reservation', poolId: 'spare' },
  ]);
});
