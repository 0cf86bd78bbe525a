import type { PlanningPolicy } from '#libs/scheduling';
import { measureSchedule } from './metrics.js';
import { type ProtocolCRequest, replayProtocolC } from './protocols/protocol-c.js';
import { replayedPart, simulate } from './simulate.js';
import type { SwfJob } from './swf.js';

/** One line of the table of what a policy is worth. */
export interface PolicyValue {
  readonly meanWaitSeconds: number;
  readonly p95WaitSeconds: number;
  readonly meanBoundedSlowdown: number;
  readonly utilisation: number;
  /** Jain's index over users of their progress: run time over run time and wait, each summed over the user's jobs. */
  readonly jainOfProgress: number;
  /** Jain's index over users of their mean bounded slowdown. */
  readonly jainOfSlowdown: number;
}

const easy: Readonly<Record<string, Pick<ProtocolCRequest, 'candidates' | 'predictor' | 'onSubmission'>>> = {
  'EASY FCFS': { candidates: 'fcfs', predictor: 'request', onSubmission: 'if-it-fits' },
  'EASY-SJBF': { candidates: 'sjbf', predictor: 'request', onSubmission: 'if-it-fits' },
  'EASY++': { candidates: 'sjbf', predictor: 'tsafrir', onSubmission: 'always' },
};

export const valuedPolicies = ['own', 'EASY FCFS', 'EASY-SJBF', 'EASY++'] as const;
export type ValuedPolicy = (typeof valuedPolicies)[number];

export interface ValuedLog {
  readonly jobs: readonly SwfJob[];
  readonly processors: number;
  /** What `own` stands for: the policy that is shipped. */
  readonly own: PlanningPolicy;
}

/**
 * What a policy is worth on a log, cleaned by protocol A. The three of the literature are replayed as PROTOCOL C has them, with
 * EASY++ falling back to the request when a prediction is outlived: its strongest form.
 */
export function valueOf(policy: ValuedPolicy, on: ValuedLog): PolicyValue {
  const { jobs, processors, own } = on;
  const starts =
    policy === 'own'
      ? simulate({ jobs, processors, ...replayedPart(own) }).starts.map(({ startSeconds }) => startSeconds)
      : replayProtocolC({ jobs, processors, corrector: 'request', ...easy[policy]! });
  const { meanWaitSeconds, p95WaitSeconds, meanBoundedSlowdown, utilisation } = measureSchedule(
    jobs,
    starts,
    processors,
  );
  return { meanWaitSeconds, p95WaitSeconds, meanBoundedSlowdown, utilisation, ...fairnessOf(jobs, starts) };
}

/** Jain, Chiu and Hawe (1984): (Σx)² / (n Σx²), 1 when all are equal, 1/n when one has everything. 1 for nobody. */
export function jainIndex(values: readonly number[]): number {
  const sum = values.reduce((acc, value) => acc + value, 0);
  const squares = values.reduce((acc, value) => acc + value * value, 0);
  return squares > 0 ? (sum * sum) / (values.length * squares) : 1;
}

function fairnessOf(
  jobs: readonly SwfJob[],
  starts: ArrayLike<number>,
): Pick<PolicyValue, 'jainOfProgress' | 'jainOfSlowdown'> {
  const users = new Map<number, { jobs: number; run: number; flow: number; slowdown: number }>();
  jobs.forEach(({ user, submitSeconds, runSeconds }, i) => {
    const sums = users.get(user) ?? { jobs: 0, run: 0, flow: 0, slowdown: 0 };
    const flow = starts[i]! + runSeconds - submitSeconds;
    sums.jobs++;
    sums.run += runSeconds;
    sums.flow += flow;
    sums.slowdown += Math.max(1, flow / Math.max(runSeconds, 10));
    users.set(user, sums);
  });
  const each = [...users.values()];
  return {
    jainOfProgress: jainIndex(each.map(({ run, flow }) => run / flow)),
    jainOfSlowdown: jainIndex(each.map((sums) => sums.slowdown / sums.jobs)),
  };
}
