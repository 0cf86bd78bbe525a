/// <reference types="jest" />
/** What the specs of the local engine share: an engine over a data folder of its own, and orders for it. */
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DispatchOrder, Engine, EngineJob } from '#libs/application';
import type { Instant } from '#libs/domain';
import { LocalEngine, type LocalEngineOptions } from './local-engine.js';
import { isAlive, markOf } from './local-shim.js';
import { serviceIsRoot } from './local-user.js';

export const isRoot = serviceIsRoot();

/**
 * `describe` for what only a service that runs as root does. Elsewhere the tests are skipped and say so; under CI=true they are
 * tried all the same and fail.
 *
 * @param what is skipped, as the beginning of a sentence
 */
export function describeAsRoot(what: string): typeof describe {
  if (isRoot) return describe;
  console.warn(`${what} skipped: only root can change users. Under CI=true this is a failure: run the tests as root.`);
  return process.env['CI'] === 'true' ? describe : describe.skip;
}

export const RATE = 10;
export const originMs = Date.now();
/** Ten service seconds pass in one of the machine: durations must be converted to come out right. */
export const time = {
  toService: (wallMs: number): Instant => Math.floor(originMs + RATE * (wallMs - originMs)),
  rate: RATE,
};
export const now = (): Instant => time.toService(Date.now());

export function anOrder(run: DispatchOrder['run'], over: Partial<DispatchOrder> = {}): DispatchOrder {
  return {
    attemptId: randomUUID(),
    jobId: randomUUID(),
    tenantId: 'wuhan-university',
    poolId: 'dev-local',
    groupId: 'dev-local-cpu',
    nodeIds: ['dev-local-cpu-0001'],
    nodes: 1,
    perNode: { cards: 0, cores: 1, memoryGiB: 1 },
    limitSeconds: 600,
    run,
    name: 'job',
    ...over,
  };
}

const benches: string[] = [];
export function aBench(options: LocalEngineOptions = { graceMs: 300 }) {
  const dataDir = mkdtempSync(join(tmpdir(), 'chusuan-local-'));
  // As the data folder of the service: passed through by others, not listed.
  chmodSync(dataDir, 0o711);
  benches.push(dataDir);
  const open = (): LocalEngine =>
    new LocalEngine({ poolId: 'dev-local', nodeIds: ['dev-local-cpu-0001'], dataDir, time }, options);
  const folderOf = (order: DispatchOrder): string => join(dataDir, 'local', 'dev-local', order.attemptId);
  return { dataDir, engine: open(), open, folderOf, close: () => closeBench(dataDir, open()) };
}
afterAll(async () =>
  Promise.all(benches.map(async (dataDir) => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 }))),
);

/** Leaves no process behind: what still runs is cancelled and waited for. */
async function closeBench(dataDir: string, engine: Engine): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const alive = (await engine.observe(now(), now())).filter((job) => job.endedAt === null);
    if (alive.length === 0) break;
    for (const job of alive) await engine.cancel(job.attemptId, now());
    await sleep(20);
  }
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
}

export async function start(engine: Engine, order: DispatchOrder): Promise<void> {
  const answer = await engine.prepare(order, now());
  if (answer.kind === 'rejected') throw new Error(answer.why);
  await engine.release(order.attemptId, answer.ref, now());
}
export async function told(engine: Engine, order: DispatchOrder): Promise<EngineJob | undefined> {
  return (await engine.observe(0, now())).find((job) => job.attemptId === order.attemptId);
}
export async function until(
  engine: Engine,
  order: DispatchOrder,
  isSo: (job: EngineJob) => boolean,
): Promise<EngineJob> {
  for (let tries = 0; tries < 600; tries += 1) {
    const job = await told(engine, order);
    if (job && isSo(job)) return job;
    await sleep(20);
  }
  throw new Error(`attempt ${order.attemptId} did not come so far: ${JSON.stringify(await told(engine, order))}`);
}
export const isOver = (job: EngineJob): boolean => job.endedAt !== null;
export const isRunning = (job: EngineJob): boolean => job.state === 'running';
export async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 200 && isAlive(markOf(pid)) && markOf(pid).startTicks !== null; tries += 1)
    await sleep(20);
  return !existsSync(`/proc/${pid}`) || !isAlive(markOf(pid));
}

export async function firstLine(engine: LocalEngine, order: DispatchOrder): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    const line = /^\d+\n/.exec((await engine.logs(order.attemptId))?.stdout ?? '');
    if (line) return Number(line[0]);
    await sleep(20);
  }
  throw new Error(`attempt ${order.attemptId} wrote no number`);
}
