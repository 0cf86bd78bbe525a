/**
 * The life of a job and of its attempts: one table each, checked by a test for states that cannot be reached or left. The
 * database holds the same moves and refuses any other (a test of libs/persistence compares the two). An engine may tell late:
 * an attempt can be over before anybody knew that it was running.
 */
export const jobMoves = {
  queued: ['placed', 'cancelled', 'refused'],
  placed: ['starting', 'running', 'queued', 'cancelling', 'cancelled', 'completed', 'failed', 'timeout'],
  starting: ['running', 'queued', 'cancelling', 'cancelled', 'completed', 'failed', 'timeout'],
  running: ['queued', 'cancelling', 'cancelled', 'completed', 'failed', 'timeout'],
  cancelling: ['cancelled', 'completed', 'failed', 'timeout'],
  completed: [],
  failed: [],
  timeout: [],
  cancelled: [],
  refused: [],
} as const satisfies Record<string, readonly string[]>;
export type JobState = keyof typeof jobMoves;
export const jobStates = Object.keys(jobMoves) as JobState[];

export const attemptMoves = {
  placed: [
    'prepared',
    'released',
    'running',
    'completed',
    'failed',
    'timeout',
    'cancelled',
    'preempted',
    'rejected',
    'lost',
  ],
  prepared: ['released', 'running', 'completed', 'failed', 'timeout', 'cancelled', 'preempted', 'rejected', 'lost'],
  released: ['running', 'completed', 'failed', 'timeout', 'cancelled', 'preempted', 'rejected', 'lost'],
  running: ['completed', 'failed', 'timeout', 'cancelled', 'preempted', 'lost'],
  completed: [],
  failed: [],
  timeout: [],
  cancelled: [],
  preempted: [],
  rejected: [],
  lost: [],
} as const satisfies Record<string, readonly string[]>;
export type AttemptState = keyof typeof attemptMoves;
export type AttemptOutcome = 'completed' | 'failed' | 'timeout' | 'cancelled' | 'preempted' | 'rejected' | 'lost';

export const isOver = (state: JobState): boolean => jobMoves[state].length === 0;
export const mayMove = (from: JobState, to: JobState): boolean => (jobMoves[from] as readonly JobState[]).includes(to);

/** What becomes of the job when its attempt ends so. A lost or rejected attempt puts the job back into the queue while tries remain, one that was put out always. */
export function jobStateAfter(outcome: AttemptOutcome, triesLeft: number): JobState {
  switch (outcome) {
    case 'completed':
    case 'failed':
    case 'timeout':
    case 'cancelled':
      return outcome;
    case 'preempted':
      return 'queued';
    case 'rejected':
    case 'lost':
      return triesLeft > 0 ? 'queued' : 'failed';
  }
}
