import type { DispatchOrder, SimulatedJob } from '#libs/application';
import { type Instant, type NodeShape, SECOND_MS } from '#libs/domain';

/** As timeout(1) exits when it had to kill. */
export const TIMEOUT_EXIT_CODE = 124;
/** 128 + SIGTERM, as a shell tells of a job that was asked to stop. */
const CANCELLED_EXIT_CODE = 143;

const LEAST_FRACTION = 0.05;
const GREATEST_FRACTION = 0.95;

/**
 * How long a job runs that nobody told how long: a fraction of its limit, uniform in [0.05, 0.95), drawn from the attempt id
 * alone, in whole seconds and at least one. Users ask for more than they use, and the part they do use is spread almost evenly
 * over the request, apart from peaks at its ends (Mu'alem and Feitelson, IEEE TPDS 12(6), 2001); the peak at the limit is left
 * out, so that a demonstration times nobody out unasked.
 */
export function drawnRunSeconds(attemptId: string, limitSeconds: number): number {
  const fraction = LEAST_FRACTION + (GREATEST_FRACTION - LEAST_FRACTION) * evenly(attemptId);
  return Math.max(1, Math.round(limitSeconds * fraction));
}

/** [0, 1), the same for the same text: FNV-1a, then the finaliser of MurmurHash3, as ids made together differ in few bits. */
function evenly(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** What a job takes of its pool while it runs. */
export interface Takings {
  readonly groupId: string;
  readonly nodes: number;
  readonly perNode: NodeShape;
  /** So many milli-cards of each of these cards of each node, in the order of the nodes; absent: any cards, whole ones. */
  readonly sharing?: { readonly milli: number; readonly devices: readonly (readonly number[])[] };
}

/**
 * The engine's own id of a job. It carries what the job takes, because a stored job has no other place for it and the books of
 * the pool must be rebuilt from the store after a restart.
 */
export function refOf(
  id: string,
  order: Pick<DispatchOrder, 'groupId' | 'nodes' | 'perNode'> & Pick<Takings, 'sharing'>,
): string {
  const { cards, cores, memoryGiB } = order.perNode;
  const { sharing } = order;
  const parts = sharing ? `@${sharing.milli}:${sharing.devices.map((devices) => devices.join('.')).join(',')}` : '';
  return `sim-${id}${parts}/${order.nodes}/${cards}/${cores}/${memoryGiB}/${order.groupId}`;
}

const refPattern = /^sim-[^/@]+(?:@(\d+):([\d.,]*))?\/(\d+)\/([\d.]+)\/([\d.]+)\/([\d.]+)\/(.*)$/;

/** Null for a ref that this engine did not write: such a job is timed and ended like any other, but takes no room. */
export function takingsOf(ref: string): Takings | null {
  const [, milli, devices, nodes, cards, cores, memoryGiB, groupId] = refPattern.exec(ref) ?? [];
  if (groupId === undefined) return null;
  const perNode = { cards: Number(cards), cores: Number(cores), memoryGiB: Number(memoryGiB) };
  const takings = { groupId, nodes: Number(nodes), perNode };
  if (milli === undefined || devices === undefined) return takings;
  const numbers = (text: string): number[] => (text === '' ? [] : text.split('.').map(Number));
  return { ...takings, sharing: { milli: Number(milli), devices: devices.split(',').map(numbers) } };
}

/** A held row of the store, as prepare writes it. */
export function heldJob(order: DispatchOrder, ref: string, now: Instant): SimulatedJob {
  const told = order.run.simulated;
  return {
    attemptId: order.attemptId,
    poolId: order.poolId,
    ref,
    state: 'held',
    runSeconds: told
      ? Math.max(1, told.runSeconds - (order.resumeFromSeconds ?? 0))
      : drawnRunSeconds(order.attemptId, order.limitSeconds),
    limitSeconds: order.limitSeconds,
    ending: told?.outcome ?? 'completed',
    nodeIds: order.nodeIds,
    preparedAt: now,
    stagedUntil: null,
    startedAt: null,
    endedAt: null,
    outcome: null,
    exitCode: null,
  };
}

/** When a job that started then ends, if nobody cancels it. */
export const endOf = (job: SimulatedJob, startedAt: Instant): Instant =>
  startedAt + Math.round(Math.min(job.runSeconds, job.limitSeconds) * SECOND_MS);

/** The row of a job that came to its own end: its limit, or what it was prepared to do. */
export function endedByItself(job: SimulatedJob, at: Instant): SimulatedJob {
  if (job.runSeconds > job.limitSeconds) {
    return { ...job, state: 'ended', endedAt: at, outcome: 'timeout', exitCode: TIMEOUT_EXIT_CODE };
  }
  return { ...job, state: 'ended', endedAt: at, outcome: job.ending, exitCode: job.ending === 'completed' ? 0 : 1 };
}

export function endedByCancel(job: SimulatedJob, at: Instant): SimulatedJob {
  // What has its nodes and waits for its inputs has not run.
  const startedAt = job.startedAt === null || job.startedAt > at ? null : job.startedAt;
  const exitCode = startedAt === null ? null : CANCELLED_EXIT_CODE;
  return { ...job, state: 'ended', startedAt, endedAt: at, outcome: 'cancelled', exitCode };
}
