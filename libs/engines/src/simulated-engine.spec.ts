import { type DispatchOrder, EngineUnreachable, type SimulatedJob } from '#libs/application';
import type { Instant, PlacementMode } from '#libs/domain';
import fc from 'fast-check';
import { describeEngine, type EngineBench } from './engine-contract.js';
import { InMemorySimulatedEngineStore, SimulatedEngine, type SimulatedPool } from './index.js';

const t0: Instant = Date.parse('2026-11-22T08:00:00+08:00');
const numbered = (value: number): string => `00000000-0000-4000-8000-${value.toString(16).padStart(12, '0')}`;
const countingIds = (): { uuid: () => string } => {
  let count = 0;
  return { uuid: () => numbered((count += 1)) };
};

function aPool(placement: PlacementMode, nodes = 4): SimulatedPool {
  const shape = { cards: 8, cores: 64, memoryGiB: 512 };
  return {
    id: 'yueke',
    placement,
    nodes: Array.from({ length: nodes }, (_, index) => ({ id: `node-${index + 1}`, groupId: 'gpu', shape })),
  };
}

interface Asked {
  readonly cards?: number;
  readonly nodes?: readonly string[] | number;
  readonly runSeconds?: number | null;
  readonly limitSeconds?: number;
  readonly outcome?: 'completed' | 'failed';
}
function anOrder(attempt: number, asked: Asked = {}): DispatchOrder {
  const { cards = 1, nodes = 1, runSeconds = 60, limitSeconds = 3_600, outcome = 'completed' } = asked;
  return {
    attemptId: numbered(0xa000 + attempt),
    jobId: numbered(0xb000 + attempt),
    tenantId: 'wuhan-university',
    poolId: 'yueke',
    groupId: 'gpu',
    nodeIds: typeof nodes === 'number' ? [] : nodes,
    nodes: typeof nodes === 'number' ? nodes : nodes.length,
    perNode: { cards, cores: cards * 8, memoryGiB: cards * 64 },
    limitSeconds,
    run: runSeconds === null ? {} : { simulated: { runSeconds, outcome } },
    name: `job ${attempt}`,
  };
}

/** An engine with a store that can be made to fail, and the ways the tests use it. */
function aBench(placement: PlacementMode, nodes = 4) {
  const store = new InMemorySimulatedEngineStore();
  const ids = countingIds();
  const pool = aPool(placement, nodes);
  const open = (): SimulatedEngine => new SimulatedEngine({ pool, store, ids });
  const start = async (engine: SimulatedEngine, order: DispatchOrder, now: Instant): Promise<void> => {
    const answer = await engine.prepare(order, now);
    if (answer.kind === 'rejected') throw new Error(answer.why);
    await engine.release(order.attemptId, answer.ref, now);
  };
  return { store, engine: open(), open, start };
}

for (const placement of ['pinned', 'delegated'] as const) {
  describeEngine(`simulated (${placement})`, async (): Promise<EngineBench> => {
    const { engine, open } = aBench(placement);
    let now = t0;
    let attempts = 0;
    return {
      engine,
      order: ({ seconds, ending, limitSeconds }) =>
        anOrder((attempts += 1), {
          nodes: placement === 'pinned' ? ['node-1'] : 1,
          runSeconds: seconds,
          ...(ending && { outcome: ending }),
          ...(limitSeconds && { limitSeconds }),
        }),
      now: () => now,
      pass: async () => {
        now += 400;
      },
      reopen: async () => open(),
      close: async () => undefined,
    };
  });
}

describe('time in the simulated engine', () => {
  it('ends a job at the instant its run time is over, however late somebody looks', async () => {
    const { engine, start } = aBench('pinned');
    await start(engine, anOrder(1, { nodes: ['node-1'], runSeconds: 61.5 }), t0);
    const [told] = await engine.observe(t0, t0 + 86_400_000);
    expect(told).toMatchObject({ state: 'completed', startedAt: t0, endedAt: t0 + 61_500, exitCode: 0 });
  });

  const cases: Record<string, { asked: Asked; want: object }> = {
    'a run longer than its limit times out at the limit': {
      asked: { runSeconds: 100, limitSeconds: 90 },
      want: { state: 'timeout', endedAt: t0 + 90_000, exitCode: 124 },
    },
    'a run as long as its limit completes': {
      asked: { runSeconds: 90, limitSeconds: 90 },
      want: { state: 'completed', endedAt: t0 + 90_000, exitCode: 0 },
    },
    'a job made to fail ends with exit code 1': {
      asked: { runSeconds: 5, outcome: 'failed' },
      want: { state: 'failed', endedAt: t0 + 5_000, exitCode: 1 },
    },
  };
  it.each(Object.entries(cases))('%s', async (_sentence, { asked, want }) => {
    const { engine, start } = aBench('delegated');
    await start(engine, anOrder(1, asked), t0);
    expect(await engine.observe(t0, t0 + 3_600_000)).toMatchObject([want]);
  });

  it('leaves a job that ended before a cancel came as it ended, though nobody had looked yet', async () => {
    const { engine, start } = aBench('delegated');
    await start(engine, anOrder(1, { runSeconds: 60 }), t0);
    await engine.cancel(anOrder(1).attemptId, t0 + 61_000);
    expect(await engine.observe(t0, t0 + 61_000)).toMatchObject([{ state: 'completed', endedAt: t0 + 60_000 }]);
  });

  it('is not turned back by a caller whose clock was read earlier', async () => {
    const { engine, start } = aBench('delegated');
    await start(engine, anOrder(1), t0 + 5_000);
    await start(engine, anOrder(2), t0);
    expect((await engine.observe(t0, t0)).map((job) => job.startedAt)).toEqual([t0 + 5_000, t0 + 5_000]);
  });

  it('draws the run time of a job that does not say from its attempt id: the same in each life', async () => {
    const ends = await Promise.all(
      [1, 2].map(async () => {
        const { engine, start } = aBench('delegated');
        await start(engine, anOrder(7, { runSeconds: null, limitSeconds: 3_600 }), t0);
        return (await engine.observe(t0, t0 + 3_600_000))[0]?.endedAt;
      }),
    );
    expect(ends[0]).toBe(ends[1]);
  });

  it('starts at the instant its inputs are there, on the nodes it had meanwhile, and gives them back when cancelled before', async () => {
    const { engine, start } = aBench('pinned');
    const staged = { ...anOrder(1, { nodes: ['node-1'], cards: 8, runSeconds: 60 }), stagingSeconds: 90 };
    await engine.prepare(staged, t0);
    expect(await engine.stage(staged, t0)).toBe(t0 + 90_000);
    await start(engine, staged, t0 + 10_000);
    await start(engine, anOrder(2, { nodes: ['node-1'], cards: 8 }), t0 + 10_000);
    expect((await engine.observe(t0, t0 + 89_999)).map(({ state, startedAt }) => [state, startedAt])).toEqual([
      ['held', null],
      ['held', null],
    ]);
    expect(await engine.observe(t0, t0 + 90_000)).toMatchObject([{ state: 'running', startedAt: t0 + 90_000 }, {}]);
    expect(await engine.observe(t0 + 150_000, t0 + 150_000)).toMatchObject([
      { state: 'running', startedAt: t0 + 150_000 },
      { state: 'completed', startedAt: t0 + 90_000, endedAt: t0 + 150_000 },
    ]);
    const other = { ...anOrder(3, { nodes: ['node-2'], cards: 8 }), stagingSeconds: 1_000 };
    await engine.prepare(other, t0 + 150_000);
    await engine.stage(other, t0 + 150_000);
    await start(engine, other, t0 + 150_000);
    await engine.cancel(other.attemptId, t0 + 160_000);
    await start(engine, anOrder(4, { nodes: ['node-2'], cards: 8 }), t0 + 160_000);
    const told = await engine.observe(t0 + 160_000, t0 + 160_000);
    expect(told.find((job) => job.attemptId === anOrder(4).attemptId)).toMatchObject({ startedAt: t0 + 160_000 });
  });

  it('says that no hardware runs this', async () => {
    expect(await aBench('delegated').engine.describe()).toMatchObject({
      kind: 'simulated',
      notice: 'simulated: no real hardware runs this',
    });
  });
});

describe('nodes of a delegated pool', () => {
  it('are chosen for best fit: the fullest node that still has room', async () => {
    const { engine, start } = aBench('delegated');
    await start(engine, anOrder(1, { cards: 4 }), t0);
    await start(engine, anOrder(2, { cards: 6 }), t0);
    await start(engine, anOrder(3, { cards: 2 }), t0);
    await start(engine, anOrder(4, { cards: 3 }), t0);
    const told = await engine.observe(t0, t0);
    expect(told.map((job) => job.nodeIds)).toEqual([['node-1'], ['node-2'], ['node-2'], ['node-1']]);
  });

  it('are told for all nodes of a gang, each once', async () => {
    const { engine, start } = aBench('delegated');
    await start(engine, anOrder(1, { cards: 8, nodes: 3 }), t0);
    expect((await engine.observe(t0, t0))[0]?.nodeIds).toEqual(['node-1', 'node-2', 'node-3']);
  });

  it('hold back a job that does not fit, and start it at the very instant that room comes free', async () => {
    const { engine, start } = aBench('delegated', 1);
    await start(engine, anOrder(1, { cards: 8, runSeconds: 100 }), t0);
    await start(engine, anOrder(2, { cards: 8, runSeconds: 50 }), t0 + 10_000);
    expect(await engine.observe(t0, t0 + 20_000)).toMatchObject([
      { state: 'running' },
      { state: 'held', detail: expect.stringContaining('room') },
    ]);
    expect(await engine.observe(t0 + 20_000, t0 + 900_000)).toMatchObject([
      { endedAt: t0 + 100_000 },
      { startedAt: t0 + 100_000, endedAt: t0 + 150_000, nodeIds: ['node-1'] },
    ]);
  });

  it('are not given to small jobs past a large one that was released before them', async () => {
    const { engine, start } = aBench('delegated', 1);
    await start(engine, anOrder(1, { cards: 4, runSeconds: 100 }), t0);
    await start(engine, anOrder(2, { cards: 8, runSeconds: 100 }), t0);
    await start(engine, anOrder(3, { cards: 1, runSeconds: 100 }), t0);
    const told = await engine.observe(t0, t0 + 1_000_000);
    expect(told.map((job) => job.startedAt)).toEqual([t0, t0 + 100_000, t0 + 200_000]);
  });

  it('stay counted over a restart, for what runs and for what waits', async () => {
    const { engine, open, start } = aBench('delegated', 1);
    await start(engine, anOrder(1, { cards: 8, runSeconds: 100 }), t0);
    await start(engine, anOrder(2, { cards: 8, runSeconds: 50 }), t0);
    const next = open();
    await start(next, anOrder(3, { cards: 8, runSeconds: 10 }), t0 + 1_000);
    const told = await next.observe(t0, t0 + 1_000_000);
    expect(told.map((job) => job.startedAt)).toEqual([t0, t0 + 100_000, t0 + 150_000]);
  });

  it('pass to the next in line when a waiting job is cancelled', async () => {
    const { engine, start } = aBench('delegated', 1);
    await start(engine, anOrder(1, { cards: 4, runSeconds: 100 }), t0);
    await start(engine, anOrder(2, { cards: 8 }), t0);
    await start(engine, anOrder(3, { cards: 4 }), t0);
    await engine.cancel(anOrder(2).attemptId, t0 + 5_000);
    expect(await engine.observe(t0, t0 + 6_000)).toMatchObject([
      { state: 'running' },
      { state: 'running', startedAt: t0 + 5_000 },
      { state: 'cancelled', startedAt: null },
    ]);
  });
});

describe('two instances over one store', () => {
  it('do not call lost what the other one released after they had read the store', async () => {
    const { engine: old, open, start } = aBench('delegated');
    await start(old, anOrder(1, { runSeconds: 9_000 }), t0);
    await old.observe(t0, t0 + 1_000);
    const leader = open();
    await start(leader, anOrder(2, { runSeconds: 9_000 }), t0 + 10_000);
    const now = t0 + 20_000;
    const ids = async (since: number): Promise<readonly string[]> =>
      (await old.observe(since, now)).map((job) => job.attemptId).sort();
    expect(await ids(now - 600_000)).toEqual([anOrder(1).attemptId]);
    expect(await ids(t0 + 10_000 - 3_600_000)).toEqual([anOrder(1).attemptId, anOrder(2).attemptId]);
    expect(await ids(now - 600_000)).toEqual([anOrder(1).attemptId, anOrder(2).attemptId]);
  });

  it('do not tell as running what the other one has ended, and count the room that the other one took', async () => {
    const { engine: old, open, start } = aBench('delegated', 1);
    await start(old, anOrder(1, { cards: 8, runSeconds: 9_000 }), t0);
    await old.observe(t0, t0 + 1_000);
    const leader = open();
    await leader.cancel(anOrder(1).attemptId, t0 + 10_000);
    await start(leader, anOrder(2, { cards: 8, runSeconds: 9_000 }), t0 + 11_000);
    const told = await old.observe(t0 - 3_600_000, t0 + 20_000);
    expect(told).toMatchObject([
      { attemptId: anOrder(2).attemptId, state: 'running', startedAt: t0 + 11_000 },
      { attemptId: anOrder(1).attemptId, state: 'cancelled', endedAt: t0 + 10_000 },
    ]);
    await start(old, anOrder(3, { cards: 8 }), t0 + 21_000);
    expect((await old.observe(t0, t0 + 22_000)).filter((job) => job.state === 'held')).toHaveLength(1);
  });
});

describe('orders that a simulated pool could never run are rejected with the reason', () => {
  const cases: Record<string, { placement: PlacementMode; order: DispatchOrder; want: string }> = {
    'a node that is not there': { placement: 'pinned', order: anOrder(1, { nodes: ['node-9'] }), want: '"node-9"' },
    'a node named twice': { placement: 'pinned', order: anOrder(1, { nodes: ['node-1', 'node-1'] }), want: 'names 1' },
    'no node named in a pinned pool': { placement: 'pinned', order: anOrder(1), want: 'names 0' },
    'more than a node has': {
      placement: 'pinned',
      order: anOrder(1, { cards: 9, nodes: ['node-1'] }),
      want: '9 cards',
    },
    'a group that is not there': { placement: 'delegated', order: { ...anOrder(1), groupId: 'npu' }, want: '"npu"' },
    'more nodes than the group has': { placement: 'delegated', order: anOrder(1, { nodes: 5 }), want: 'asks for 5' },
  };
  it.each(Object.entries(cases))('%s', async (_sentence, { placement, order, want }) => {
    const { engine } = aBench(placement);
    expect(await engine.prepare(order, t0)).toEqual({ kind: 'rejected', why: expect.stringContaining(want) });
    expect(await engine.observe(0, t0)).toEqual([]);
  });
});

describe('a store that fails', () => {
  class BreakableStore extends InMemorySimulatedEngineStore {
    fault: 'none' | 'before' | 'after' = 'none';
    override async put(jobs: readonly SimulatedJob[]): Promise<void> {
      if (this.fault !== 'before') await super.put(jobs);
      if (this.fault !== 'none') throw new Error('connection reset');
    }
  }
  const cases: Record<string, { fault: 'before' | 'after'; wantState: string }> = {
    'before it wrote leaves the job held': { fault: 'before', wantState: 'held' },
    'after it wrote leaves the job running, as the store has it': { fault: 'after', wantState: 'running' },
  };
  it.each(Object.entries(cases))(
    '%s, and the engine says it is unreachable',
    async (_sentence, { fault, wantState }) => {
      const store = new BreakableStore();
      const engine = new SimulatedEngine({ pool: aPool('delegated'), store, ids: countingIds() });
      const order = anOrder(1, { runSeconds: 100 });
      const prepared = await engine.prepare(order, t0);
      const ref = prepared.kind === 'prepared' ? prepared.ref : '';
      store.fault = fault;
      await expect(engine.release(order.attemptId, ref, t0)).rejects.toBeInstanceOf(EngineUnreachable);
      store.fault = 'none';
      expect(await engine.observe(t0, t0 + 1_000)).toMatchObject([{ state: wantState }]);
      await engine.release(order.attemptId, ref, t0 + 2_000);
      const [told] = await engine.observe(t0, t0 + 3_000);
      expect(told).toMatchObject({ state: 'running', startedAt: wantState === 'running' ? t0 : t0 + 2_000 });
    },
  );
});

describe('what must never happen', () => {
  type Step = { readonly attempt: number; readonly cards: number; readonly deed: string; readonly gapSeconds: number };
  const anyStep: fc.Arbitrary<Step> = fc.record({
    attempt: fc.integer({ min: 1, max: 12 }),
    cards: fc.integer({ min: 1, max: 8 }),
    deed: fc.constantFrom('start', 'start', 'start', 'cancel', 'observe', 'restart'),
    gapSeconds: fc.integer({ min: 0, max: 90 }),
  });

  /** Plays the steps and returns every row of the store, ended ones last. */
  async function play(steps: readonly Step[]): Promise<readonly SimulatedJob[]> {
    const { store, engine: first, open, start } = aBench('delegated', 2);
    let engine = first;
    let now = t0;
    const orders = new Map<number, DispatchOrder>();
    for (const { attempt, cards, deed, gapSeconds } of steps) {
      now += gapSeconds * 1_000;
      const order = orders.get(attempt) ?? anOrder(attempt, { cards, runSeconds: 37 * attempt, limitSeconds: 300 });
      orders.set(attempt, order);
      if (deed === 'start') await start(engine, order, now);
      else if (deed === 'cancel') await engine.cancel(order.attemptId, now);
      else if (deed === 'restart') engine = open();
      else await engine.observe(t0, now);
    }
    await engine.observe(t0, now + 86_400_000);
    return [...(await store.alive('yueke')), ...(await store.endedSince('yueke', 0))];
  }

  const cardsOf = (job: SimulatedJob): number => Number(job.ref.split('/')[2]);
  function isOverfull(rows: readonly SimulatedJob[]): boolean {
    const ran = rows.filter((row) => row.startedAt !== null);
    return ran.some(({ startedAt: at, nodeIds }) => {
      const beside = ran.filter((row) => row.startedAt! <= at! && at! < row.endedAt! && row.nodeIds[0] === nodeIds[0]);
      return beside.reduce((sum, row) => sum + cardsOf(row), 0) > 8;
    });
  }

  it('never runs more on a node than the node has, nor leaves a released job waiting for ever', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), async (steps) => {
        const rows = await play(steps);
        expect(isOverfull(rows)).toBe(false);
        expect(rows.filter((row) => row.state !== 'ended')).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('never gives another history to whoever looks more often or restarts in between', async () => {
    const isLook = (step: Step): boolean => step.deed === 'observe' || step.deed === 'restart';
    /** Without its looks, the gaps of which go to the step after. */
    const unseen = (steps: readonly Step[]): Step[] => {
      let gap = 0;
      return steps.flatMap((step) => {
        gap += step.gapSeconds;
        if (isLook(step)) return [];
        const gapSeconds = gap;
        gap = 0;
        return [{ ...step, gapSeconds }];
      });
    };
    const history = async (steps: readonly Step[]): Promise<unknown> =>
      (await play(steps))
        .map(({ attemptId, startedAt, endedAt, outcome, nodeIds }) => ({
          attemptId,
          startedAt,
          endedAt,
          outcome,
          nodeIds,
        }))
        .sort((a, b) => (a.attemptId < b.attemptId ? -1 : 1));
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 30 }), async (steps) => {
        // An attempt's cards are drawn by the first step that names it, so looks must not name any.
        const named = steps.map((step) => ({ ...step, cards: 1 + (step.attempt % 8) }));
        expect(await history(named)).toEqual(await history(unseen(named)));
      }),
      { numRuns: 1000 },
    );
  });
});
