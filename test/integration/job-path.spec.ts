import type { Engine } from '#libs/application';
import { SECOND_MS } from '#libs/domain';
import { PostgresAttemptStore, PostgresCycleLog } from '#libs/persistence';
import { aPool } from '#libs/testing';
import { type Asked, Stage, type StageWishes } from './support/stage.js';

let stage: Stage;
const begin = async (wishes: StageWishes = {}): Promise<Stage> => (stage = await Stage.open(wishes));
afterEach(() => stage.close());

describe('a job', () => {
  interface Ending {
    readonly asked: Asked;
    readonly pass: number;
    readonly want: { readonly state: string; readonly exitCode: number | null; readonly ranSeconds: number };
  }
  const endings: Record<string, Ending> = {
    'that does what it is to do completes': {
      asked: { runSeconds: 600 },
      pass: 3600,
      want: { state: 'completed', exitCode: 0, ranSeconds: 600 },
    },
    'that fails is failed, and not tried again': {
      asked: { runSeconds: 50, outcome: 'failed' },
      pass: 60,
      want: { state: 'failed', exitCode: 1, ranSeconds: 50 },
    },
    'that outlives its limit is ended there': {
      asked: { runSeconds: 9000, limitSeconds: 900 },
      pass: 3600,
      want: { state: 'timeout', exitCode: 124, ranSeconds: 900 },
    },
    'in a pool whose engine chooses the nodes completes too': {
      asked: { nodes: 3, pools: ['delegated'] },
      pass: 700,
      want: { state: 'completed', exitCode: 0, ranSeconds: 600 },
    },
  };
  it.each(Object.entries(endings))('%s', async (_sentence, { asked, pass, want }) => {
    await begin();
    const id = await stage.submit(asked);
    expect(await stage.job(id)).toMatchObject({ state: 'queued', placement: null });
    await stage.plan();
    expect(await stage.job(id)).toMatchObject({ state: 'placed', attempts: 1 });
    await stage.dispatch();
    expect((await stage.job(id)).state).toBe('starting');
    await stage.observe();
    const running = await stage.job(id);
    expect(running).toMatchObject({ state: 'running', startedAt: stage.now });
    expect(running.placement?.nodeIds).toHaveLength(asked.nodes ?? 1);
    stage.pass(pass);
    await stage.observe();
    const over = await stage.job(id);
    expect(over).toMatchObject({ state: want.state, exitCode: want.exitCode, attempts: 1 });
    expect((over.endedAt ?? 0) - (over.startedAt ?? 0)).toBe(want.ranSeconds * SECOND_MS);
    expect(await stage.eventsOf(id)).toEqual(['submitted', 'placed', 'released', 'started', want.state]);
    expect(await stage.overfull()).toEqual([]);
    expect((await stage.replays()).map((replayed) => replayed.kind)).toEqual(['same']);
  });

  it('that no pool could ever hold is refused at once', async () => {
    await begin();
    expect(await stage.offer({ nodes: 5 })).toMatchObject({ kind: 'impossible', refusal: 'larger-than-any-pool' });
  });
});

describe('a job that waits', () => {
  it('is told why, and no longer once it has started', async () => {
    await begin();
    const first = await stage.submit({ nodes: 4, runSeconds: 600 });
    const second = await stage.submit({ nodes: 1 });
    await stage.turn();
    const waiting = await stage.job(second);
    expect(waiting).toMatchObject({
      state: 'queued',
      verdict: { refusal: 'no-free-accelerators', basis: 'reservation' },
    });
    expect(waiting.verdict?.estimatedStart).toBe(stage.now + 3600 * SECOND_MS);
    stage.pass(601);
    await stage.observe();
    await stage.turn();
    expect(await stage.job(first)).toMatchObject({ state: 'completed' });
    expect(await stage.job(second)).toMatchObject({ state: 'running', verdict: null });
    const { rows } = await stage.system.query('select 1 from job_verdict');
    expect(rows).toEqual([]);
  });

  it('and is cancelled is over at once, and no engine hears of it', async () => {
    await begin();
    await stage.submit({ nodes: 4 });
    const id = await stage.submit();
    await stage.turn();
    expect(await stage.cancel(id)).toBe('cancelled');
    expect(await stage.job(id)).toMatchObject({ state: 'cancelled', attempts: 0, verdict: null });
    stage.pass(4000);
    await stage.observe();
    await stage.turn();
    expect(await stage.atEngine('pinned')).toHaveLength(1);
    expect(await stage.cancel(id)).toBe('over');
  });
});

describe('a job that is cancelled', () => {
  it('while it runs is stopped by its engine and gives its nodes to the next', async () => {
    await begin();
    const id = await stage.submit({ nodes: 4 });
    const next = await stage.submit();
    await stage.turn();
    stage.pass(60);
    expect(await stage.cancel(id)).toBe('cancelling');
    await stage.turn();
    expect(await stage.job(id)).toMatchObject({ state: 'cancelled', exitCode: 143, endedAt: stage.now });
    await stage.turn();
    expect(await stage.job(next)).toMatchObject({ state: 'running' });
  });

  it('between plan and dispatch never runs', async () => {
    await begin();
    const id = await stage.submit();
    await stage.plan();
    expect(await stage.cancel(id)).toBe('cancelling');
    await stage.dispatch();
    await stage.observe();
    expect(await stage.job(id)).toMatchObject({ state: 'cancelled', startedAt: null });
    expect(await stage.atEngine('pinned')).toEqual([expect.objectContaining({ state: 'cancelled', startedAt: null })]);
    expect(await stage.overfull()).toEqual([]);
  });

  it('while its engine cannot be reached is cancelled when it can', async () => {
    await begin();
    const id = await stage.submit();
    await stage.turn();
    stage.engines.get('pinned')?.goDown();
    expect(await stage.cancel(id)).toBe('cancelling');
    await stage.turn();
    expect(await stage.job(id)).toMatchObject({ state: 'cancelling' });
    stage.engines.get('pinned')?.comeBack();
    await stage.outboxComesDue();
    await stage.turn();
    expect(await stage.job(id)).toMatchObject({ state: 'cancelled' });
  });
});

describe('a node that goes down', () => {
  it('puts its jobs back into the queue; they run elsewhere, and the old run is stopped', async () => {
    await begin();
    const id = await stage.submit({ nodes: 2 });
    await stage.turn();
    const before = (await stage.job(id)).placement!;
    stage.pass(30);
    await stage.setNode(before.nodeIds[0]!, 'down');
    const seen = await stage.observe();
    expect(seen.lost).toBe(1);
    expect(await stage.job(id)).toMatchObject({ state: 'queued', placement: null, attempts: 1 });
    await stage.turn();
    const after = await stage.job(id);
    expect(after).toMatchObject({ state: 'running', attempts: 2 });
    expect(after.placement?.nodeIds).not.toContain(before.nodeIds[0]);
    const states = Object.fromEntries((await stage.atEngine('pinned')).map((job) => [job.attemptId, job.state]));
    expect(states).toEqual({ [before.attemptId]: 'cancelled', [after.placement!.attemptId]: 'running' });
    expect(await stage.eventsOf(id)).toEqual([
      'submitted',
      'placed',
      'released',
      'started',
      'requeued',
      'placed',
      'released',
      'started',
    ]);
    stage.pass(600);
    await stage.observe();
    expect(await stage.job(id)).toMatchObject({ state: 'completed' });
    expect(await stage.overfull()).toEqual([]);
  });

  it('fails a job when its tries are used up', async () => {
    await begin();
    const id = await stage.submit({ runSeconds: 3000 });
    for (let tries = 1; tries <= 3; tries += 1) {
      await stage.turn();
      expect(await stage.job(id)).toMatchObject({ state: 'running', attempts: tries });
      await stage.setNode((await stage.job(id)).placement!.nodeIds[0]!, 'down');
      await stage.observe();
    }
    expect(await stage.job(id)).toMatchObject({ state: 'failed', attempts: 3 });
  });

  it('keeps the job that needs it waiting, with that reason', async () => {
    await begin();
    await stage.setNode('pinned-a-0001', 'down');
    const id = await stage.submit({ nodes: 4 });
    await stage.turn();
    expect(await stage.job(id)).toMatchObject({ state: 'queued', verdict: { refusal: 'nodes-out-of-service' } });
    await stage.setNode('pinned-a-0001', 'up');
    await stage.turn();
    expect(await stage.job(id)).toMatchObject({ state: 'running' });
  });
});

describe('an engine that cannot be reached', () => {
  it('loses nothing: what runs is unknown, what was placed is sent again, what comes waits and is told so', async () => {
    await begin();
    const runs = await stage.submit({ runSeconds: 900 });
    await stage.turn();
    const placed = await stage.submit();
    await stage.plan();
    const engine = stage.engines.get('pinned')!;
    engine.goDown();
    stage.pass(60);
    expect(await stage.dispatch()).toMatchObject({ done: 0, failed: 1 });
    expect(await stage.observe()).toMatchObject({ unreachable: ['pinned'], lost: 0 });
    const comes = await stage.submit();
    await stage.turn();
    expect(await stage.job(runs)).toMatchObject({ state: 'running', attempts: 1 });
    expect(await stage.job(placed)).toMatchObject({ state: 'placed', attempts: 1 });
    expect(await stage.job(comes)).toMatchObject({ state: 'queued', verdict: { refusal: 'engine-unreachable' } });
    engine.comeBack();
    await stage.outboxComesDue();
    await stage.observe();
    await stage.turn();
    expect(await stage.job(placed)).toMatchObject({ state: 'running', attempts: 1 });
    expect(await stage.job(comes)).toMatchObject({ state: 'running', attempts: 1 });
    stage.pass(900);
    await stage.observe();
    expect(await stage.job(runs)).toMatchObject({ state: 'completed', attempts: 1 });
  });

  it.each(['prepare', 'release'] as const)('after the %s, whose answer is lost, runs the job once', async (method) => {
    await begin();
    const id = await stage.submit();
    await stage.plan();
    stage.engines.get('pinned')?.failNext(method, 'reply-lost');
    expect(await stage.dispatch()).toMatchObject({ failed: 1 });
    await stage.observe();
    await stage.outboxComesDue();
    await stage.dispatch();
    await stage.observe();
    expect(await stage.job(id)).toMatchObject({ state: 'running', attempts: 1 });
    stage.pass(700);
    await stage.observe();
    expect(await stage.job(id)).toMatchObject({ state: 'completed', attempts: 1 });
    expect(await stage.atEngine('pinned')).toHaveLength(1);
  });

  it('before the release arrives is told to release again by who observes', async () => {
    await begin();
    const id = await stage.submit();
    await stage.plan();
    stage.engines.get('pinned')?.failNext('release', 'unreachable');
    await stage.dispatch();
    await stage.observe();
    await stage.observe();
    expect(await stage.job(id)).toMatchObject({ state: 'running', attempts: 1 });
  });
});

describe('an engine that will not take a job', () => {
  const refusing = (poolId: string, engine: Engine): Engine =>
    poolId !== 'pinned'
      ? engine
      : {
          describe: () => engine.describe(),
          prepare: async () => ({ kind: 'rejected', why: 'no such image here' }),
          release: (...call) => engine.release(...call),
          cancel: (...call) => engine.cancel(...call),
          observe: (...call) => engine.observe(...call),
        };

  it('is not asked again: the job goes to another pool', async () => {
    await begin({ wrap: refusing, pools: [aPool('pinned'), aPool('other')] });
    const id = await stage.submit({ pools: ['pinned', 'other'], nodes: 4 });
    await stage.submit({ pools: ['other'], nodes: 4, runSeconds: 60 });
    await stage.turn();
    stage.pass(60);
    await stage.turn();
    await stage.turn();
    const job = await stage.job(id);
    expect(job).toMatchObject({ state: 'running', placement: { poolId: 'other' } });
    expect(await stage.overfull()).toEqual([]);
  });

  it('and is the only one ends the job as refused, with why', async () => {
    await begin({ wrap: refusing });
    const id = await stage.submit();
    await stage.turn();
    await stage.turn();
    expect(await stage.job(id)).toMatchObject({
      state: 'refused',
      attempts: 1,
      detail: 'no such image here',
      verdict: null,
    });
    expect(await stage.overfull()).toEqual([]);
  });
});

describe('a scheduler', () => {
  it('that was succeeded commits nothing', async () => {
    await begin();
    const old = stage.life;
    const id = await stage.submit();
    await stage.restart();
    const outcome = await old.cycle.execute(old.epoch, stage.now);
    expect(outcome).toMatchObject({ fenced: true, started: 0 });
    expect(await stage.job(id)).toMatchObject({ state: 'queued', attempts: 0 });
    expect((await stage.system.query('select 1 from outbox')).rows).toEqual([]);
    await stage.turn();
    expect(await stage.job(id)).toMatchObject({ state: 'running', attempts: 1 });
  });

  it('that dies between prepare and release is taken over: the held job is released, once', async () => {
    await begin();
    const id = await stage.submit();
    await stage.plan();
    const attempts = new PostgresAttemptStore(stage.system);
    const dying = { attempts: Object.assign(Object.create(attempts) as PostgresAttemptStore, { released: dies }) };
    await stage.restart(dying);
    expect(await stage.dispatch()).toMatchObject({ done: 0, failed: 1 });
    expect(await stage.atEngine('pinned')).toEqual([expect.objectContaining({ state: 'held' })]);
    expect(await stage.job(id)).toMatchObject({ state: 'placed' });
    await stage.restart();
    await stage.observe();
    await stage.outboxComesDue();
    await stage.turn();
    expect(await stage.job(id)).toMatchObject({ state: 'running', attempts: 1 });
    expect(await stage.atEngine('pinned')).toHaveLength(1);
  });

  it('that dies between its commit and its record starts nothing twice, and the cycle number is not given again', async () => {
    await begin();
    const id = await stage.submit();
    const log = new PostgresCycleLog(stage.system);
    await stage.restart({ log: Object.assign(Object.create(log) as PostgresCycleLog, { record: dies }) });
    await expect(stage.plan()).rejects.toThrow('dies here');
    expect(await stage.job(id)).toMatchObject({ state: 'placed', attempts: 1 });
    await stage.restart();
    await stage.submit();
    await stage.turn();
    expect(await stage.job(id)).toMatchObject({ state: 'running', attempts: 1 });
    const { rows } = await stage.system.query('select cycle from attempt order by cycle');
    expect(rows).toEqual([{ cycle: 1 }, { cycle: 2 }]);
    expect((await stage.replays()).map((replayed) => replayed.kind)).toEqual(['same']);
  });
});
const dies = (): Promise<never> => Promise.reject(new Error('dies here'));
