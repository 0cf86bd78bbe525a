/// <reference types="jest" />
/**
 * What every engine must do, whatever runs behind it. An adapter's spec calls `describeEngine` with a bench for it; the
 * scheduler relies on nothing that is not said here.
 */
import type { DispatchOrder, Engine, EngineJob } from '#libs/application';
import type { Instant } from '#libs/domain';

/** What a job of the suite does, in service seconds. */
export interface Work {
  readonly seconds: number;
  readonly ending?: 'completed' | 'failed';
  readonly limitSeconds?: number;
}
/** One engine set up for one test. */
export interface EngineBench {
  readonly engine: Engine;
  /** An order with a new attempt id. Where the engine keeps output, the work writes one line `hello` to stdout, `oops` to stderr. */
  readonly order: (work: Work) => DispatchOrder;
  readonly now: () => Instant;
  /** Lets some time pass, less than a service second. */
  readonly pass: () => Promise<void>;
  /** Another instance over the same state, as after a restart; the first one is not used again. */
  readonly reopen: () => Promise<Engine>;
  readonly close: () => Promise<void>;
}

const LONG: Work = { seconds: 3_600, limitSeconds: 7_200 };
const PATIENCE_PASSES = 600;
const START: Instant = 0;

export function describeEngine(name: string, make: () => Promise<EngineBench>): void {
  describe(`the engine contract, kept by the ${name} engine`, () => {
    let bench: EngineBench;
    beforeEach(async () => {
      bench = await make();
    });
    afterEach(async () => bench.close());
    describe('prepare and release', () => describePreparing(() => bench));
    describe('cancel', () => describeCancelling(() => bench));
    describe('endings', () => describeEndings(() => bench));
    describe('restarts', () => describeRestarts(() => bench));
    describe('staging', () => describeStaging(() => bench));
  });
}

function describePreparing(bench: () => EngineBench): void {
  it('prepares an attempt once, however often it is asked', async () => {
    const { engine, now } = bench();
    const order = bench().order(LONG);
    const answers = [
      await engine.prepare(order, now()),
      ...(await Promise.all([1, 2, 3].map(() => engine.prepare(order, now())))),
    ];
    expect(answers).toEqual(answers.map(() => ({ kind: 'prepared', ref: expect.any(String) })));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await toldOf(bench(), engine, order)).toHaveLength(1);
  });

  it('holds a prepared job until it is released', async () => {
    const { engine } = bench();
    const order = bench().order({ seconds: 0.1 });
    await prepared(bench(), engine, order);
    for (let passes = 0; passes < 5; passes += 1) await bench().pass();
    expect(await toldOf(bench(), engine, order)).toMatchObject([
      { state: 'held', startedAt: null, endedAt: null, exitCode: null },
    ]);
  });

  it('starts a job once, however often and however much at once it is released', async () => {
    const { engine, now } = bench();
    const order = bench().order({ seconds: 1 });
    const ref = await prepared(bench(), engine, order);
    await Promise.all([1, 2, 3, 4].map(() => engine.release(order.attemptId, ref, now())));
    const { startedAt } = await untilStarted(bench(), engine, order);
    await engine.release(order.attemptId, ref, now());
    const over = await until(bench(), engine, order, 'completed');
    await engine.release(order.attemptId, ref, now());
    expect(over.startedAt).toBe(startedAt);
    expect(await toldOf(bench(), engine, order)).toEqual([over]);
    if (engine.logs) expect((await engine.logs(order.attemptId))?.stdout).toBe('hello\n');
  });

  it('answers prepare of an attempt that is over with its old ref, and never runs it again', async () => {
    const { engine, now } = bench();
    const order = bench().order({ seconds: 0.5 });
    const ref = await started(bench(), engine, order);
    const over = await until(bench(), engine, order, 'completed');
    expect(await engine.prepare(order, now())).toEqual({ kind: 'prepared', ref });
    await engine.release(order.attemptId, ref, now());
    await bench().pass();
    expect(await toldOf(bench(), engine, order)).toEqual([over]);
  });

  it('refuses to release what was never prepared, or under another ref', async () => {
    const { engine, now } = bench();
    const order = bench().order(LONG);
    await expect(engine.release(order.attemptId, 'none', now())).rejects.toThrow(order.attemptId);
    await prepared(bench(), engine, order);
    await expect(engine.release(order.attemptId, 'another', now())).rejects.toThrow('another');
    expect(await toldOf(bench(), engine, order)).toMatchObject([{ state: 'held' }]);
  });

  it('rejects an attempt id that is no UUID, and knows nothing of it', async () => {
    const { engine, now } = bench();
    const order = { ...bench().order(LONG), attemptId: '../../elsewhere' };
    expect(await engine.prepare(order, now())).toMatchObject({ kind: 'rejected' });
    await engine.cancel(order.attemptId, now());
    expect(await engine.observe(START, now())).toEqual([]);
  });
}

function describeCancelling(bench: () => EngineBench): void {
  it('does nothing for an attempt it does not know', async () => {
    const { engine, now } = bench();
    await engine.cancel(bench().order(LONG).attemptId, now());
    expect(await engine.observe(START, now())).toEqual([]);
  });

  it('ends a held job without starting it, and a release that comes later changes nothing', async () => {
    const { engine, now } = bench();
    const order = bench().order(LONG);
    const ref = await prepared(bench(), engine, order);
    await engine.cancel(order.attemptId, now());
    await engine.release(order.attemptId, ref, now());
    await bench().pass();
    const told = await toldOf(bench(), engine, order);
    expect(told).toMatchObject([{ state: 'cancelled', startedAt: null, endedAt: expect.any(Number) }]);
  });

  it('ends a running job', async () => {
    const { engine, now } = bench();
    const order = bench().order(LONG);
    await started(bench(), engine, order);
    const running = await until(bench(), engine, order, 'running');
    await engine.cancel(order.attemptId, now());
    await engine.cancel(order.attemptId, now());
    const over = await until(bench(), engine, order, 'cancelled');
    expect(over.startedAt).toBe(running.startedAt);
    expect(over.endedAt).toBeGreaterThanOrEqual(running.startedAt ?? Number.NaN);
  });

  it('leaves a job that is over as it is', async () => {
    const { engine, now } = bench();
    const order = bench().order({ seconds: 0.5 });
    await started(bench(), engine, order);
    const over = await until(bench(), engine, order, 'completed');
    await engine.cancel(order.attemptId, now());
    expect(await toldOf(bench(), engine, order)).toEqual([over]);
  });
}

function describeEndings(bench: () => EngineBench): void {
  it('tells that a job completed, with its exit code, its times and its output', async () => {
    const { engine, now } = bench();
    const order = bench().order({ seconds: 1 });
    const before = now();
    await started(bench(), engine, order);
    const over = await until(bench(), engine, order, 'completed');
    expect(over).toMatchObject({ exitCode: 0, nodeIds: [expect.any(String)] });
    expect(over.startedAt).toBeGreaterThanOrEqual(before);
    expect(lengthSeconds(over)).toBeGreaterThanOrEqual(1);
    expect(over.endedAt).toBeLessThanOrEqual(now());
    if (engine.logs) expect(await engine.logs(order.attemptId)).toEqual({ stdout: 'hello\n', stderr: 'oops\n' });
  });

  it('tells that a job failed, with its exit code', async () => {
    const { engine } = bench();
    const order = bench().order({ seconds: 0.5, ending: 'failed' });
    await started(bench(), engine, order);
    expect(await until(bench(), engine, order, 'failed')).toMatchObject({ exitCode: 1 });
  });

  it('ends a job at its limit', async () => {
    const { engine } = bench();
    const order = bench().order({ seconds: 3_600, limitSeconds: 2 });
    await started(bench(), engine, order);
    const over = await until(bench(), engine, order, 'timeout');
    expect(over).toMatchObject({ exitCode: 124, detail: expect.stringContaining('limit') });
    expect(lengthSeconds(over)).toBeGreaterThanOrEqual(2);
    expect(lengthSeconds(over)).toBeLessThan(3_600);
  });

  it('tells of what is alive whenever it is asked, and of an ending only those who ask from before it was known', async () => {
    const { engine, now } = bench();
    const [short, long] = [bench().order({ seconds: 0.5 }), bench().order(LONG)];
    await started(bench(), engine, short);
    await started(bench(), engine, long);
    const over = await until(bench(), engine, short, 'completed');
    await until(bench(), engine, long, 'running');
    await bench().pass();
    const known = now();
    await bench().pass();
    const ids = async (since: Instant): Promise<string[]> =>
      (await engine.observe(since, now())).map((job) => job.attemptId).sort();
    expect(await ids(known)).toEqual([long.attemptId]);
    expect(await ids((over.endedAt ?? known) - 1)).toEqual([long.attemptId, short.attemptId].sort());
  });
}

function describeRestarts(bench: () => EngineBench): void {
  it('goes on with what the instance before it left: held, running and over', async () => {
    const { engine, now } = bench();
    const [held, running, over] = [
      bench().order({ seconds: 0.5 }),
      bench().order({ seconds: 6 }),
      bench().order({ seconds: 0.5 }),
    ];
    const ref = await prepared(bench(), engine, held);
    await started(bench(), engine, over);
    const wantOver = await until(bench(), engine, over, 'completed');
    await started(bench(), engine, running);
    const wantStart = (await untilStarted(bench(), engine, running)).startedAt;

    const next = await bench().reopen();
    expect(await toldOf(bench(), next, over)).toEqual([wantOver]);
    expect(await next.prepare(held, now())).toEqual({ kind: 'prepared', ref });
    await next.release(held.attemptId, ref, now());
    await until(bench(), next, held, 'completed');
    expect((await until(bench(), next, running, 'completed')).startedAt).toBe(wantStart);
  });

  it('tells of a job that ended while nobody was there, even to those who ask from now on', async () => {
    const { engine, now } = bench();
    const order = bench().order({ seconds: 0.5 });
    await started(bench(), engine, order);
    await untilStarted(bench(), engine, order);
    for (let passes = 0; passes < 30; passes += 1) await bench().pass();
    const next = await bench().reopen();
    const told = await next.observe(now(), now());
    expect(told).toMatchObject([{ attemptId: order.attemptId, state: 'completed', exitCode: 0 }]);
    expect(told[0]?.endedAt).toBeLessThan(now());
  });

  it('lets a new instance cancel what an old one started', async () => {
    const { engine, now } = bench();
    const order = bench().order(LONG);
    await started(bench(), engine, order);
    await until(bench(), engine, order, 'running');
    const next = await bench().reopen();
    await next.cancel(order.attemptId, now());
    await until(bench(), next, order, 'cancelled');
  });
}

function describeStaging(bench: () => EngineBench): void {
  const reading = (work: Work): DispatchOrder => ({
    ...bench().order(work),
    inputs: [{ dataset: 'a', site: 'elsewhere', sizeGiB: 3 }],
    stagingSeconds: 2,
  });

  it('names stage-in among what it can do exactly where it offers it', async () => {
    const { engine } = bench();
    expect((await engine.describe()).capabilities.includes('stage-in')).toBe(engine.stage !== undefined);
  });

  it('runs an order with inputs when they are there, where it brings them in, and as any other where it does not', async () => {
    const { engine, now } = bench();
    const order = reading({ seconds: 0.5 });
    const ref = await prepared(bench(), engine, order);
    const until = await engine.stage?.(order, now());
    await engine.release(order.attemptId, ref, now());
    if (until !== undefined) {
      expect(until).toBeGreaterThanOrEqual(now() + 2_000);
      expect(await toldOf(bench(), engine, order)).toMatchObject([{ state: 'held', startedAt: null, endedAt: null }]);
      await bench().pass();
      expect(await engine.stage?.(order, now())).toBe(until);
    }
    const over = await untilTold(bench(), engine, order, {
      what: 'completed',
      isSo: (job) => job.state === 'completed',
    });
    expect(over.startedAt).toBeGreaterThanOrEqual(until ?? START);
  });

  it('keeps its word through a restart, and ends what is cancelled meanwhile without a start', async () => {
    const { engine, now } = bench();
    if (!engine.stage) return;
    const order = reading({ seconds: 0.5 });
    const ref = await prepared(bench(), engine, order);
    const until = await engine.stage(order, now());
    await engine.release(order.attemptId, ref, now());
    const next = await bench().reopen();
    expect(await toldOf(bench(), next, order)).toMatchObject([{ state: 'held', startedAt: null }]);
    expect(await next.stage?.(order, now())).toBe(until);
    await next.cancel(order.attemptId, now());
    expect(await toldOf(bench(), next, order)).toMatchObject([{ state: 'cancelled', startedAt: null, exitCode: null }]);
  });
}

const lengthSeconds = (job: EngineJob): number => ((job.endedAt ?? Number.NaN) - (job.startedAt ?? Number.NaN)) / 1000;

async function prepared(bench: EngineBench, engine: Engine, order: DispatchOrder): Promise<string> {
  const answer = await engine.prepare(order, bench.now());
  if (answer.kind === 'rejected') throw new Error(`the engine rejected the order of a test: ${answer.why}`);
  return answer.ref;
}

async function started(bench: EngineBench, engine: Engine, order: DispatchOrder): Promise<string> {
  const ref = await prepared(bench, engine, order);
  await engine.release(order.attemptId, ref, bench.now());
  return ref;
}

async function toldOf(bench: EngineBench, engine: Engine, order: DispatchOrder): Promise<readonly EngineJob[]> {
  const jobs = await engine.observe(START, bench.now());
  return jobs.filter((job) => job.attemptId === order.attemptId);
}

const until = (
  bench: EngineBench,
  engine: Engine,
  order: DispatchOrder,
  state: EngineJob['state'],
): Promise<EngineJob> => untilTold(bench, engine, order, { what: state, isSo: (job) => job.state === state });

/** Running, or over already: on a busy machine a short job may be done before anybody looks. */
const untilStarted = (bench: EngineBench, engine: Engine, order: DispatchOrder): Promise<EngineJob> =>
  untilTold(bench, engine, order, { what: 'started', isSo: (job) => job.startedAt !== null });

/** Lets time pass until the engine tells it; what it said last is in the error. */
async function untilTold(
  bench: EngineBench,
  engine: Engine,
  order: DispatchOrder,
  wanted: { readonly what: string; readonly isSo: (job: EngineJob) => boolean },
): Promise<EngineJob> {
  let last: readonly EngineJob[] = [];
  for (let passes = 0; passes < PATIENCE_PASSES; passes += 1) {
    last = await toldOf(bench, engine, order);
    const found = last.find(wanted.isSo);
    if (found) return found;
    if (last.some((job) => job.endedAt !== null)) break;
    await bench.pass();
  }
  throw new Error(`attempt ${order.attemptId} never was ${wanted.what}; last told: ${JSON.stringify(last)}`);
}
