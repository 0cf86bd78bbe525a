/** The life of a job and of its attempts: one table each, checked by a test for states that cannot be reached or left. */
export const jobMoves = {
  queued: ['placed', 'cancelled', 'refused'],
  placed: ['starting', 'running', 'queued', 'cancelling', 'cancelled', 'failed'],
  starting: ['running', 'queued', 'cancelling', 'completed', 'failed', 'timeout'],
  running: ['completed', 'failed', 'timeout', 'cancelling', 'queued'],
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
  placed: ['prepared', 'released', 'cancelled', 'rejected', 'lost'],
  prepared: ['released', 'cancelled', 'rejected', 'lost'],
  released: ['running', 'completed', 'failed', 'timeout', 'cancelled', 'lost'],
  running: ['completed', 'failed', 'timeout', 'cancelled', 'lost'],
  completed: [],
  failed: [],
  timeout: [],
  cancelled: [],
  rejected: [],
  lost: [],
} as const satisfies Record<string, readonly string[]>;
export type AttemptState = keyof typeof attemptMoves;
export type AttemptOutcome = 'completed' | 'failed' | 'timeout' | 'cancelled' | 'rejected' | 'lost';

export const isOver = (state: JobState): boolean => jobMoves[state].length === 0;
export const attemptIsOver = (state: AttemptState): boolean => attemptMoves[state].length === 0;
/** States in which an attempt holds nodes. */
export const holdingAttemptStates = [
  'placed',
  'prepared',
  'released',
  'running',
] as const satisfies readonly AttemptState[];
export const mayMove = (from: JobState, to: JobState): boolean => (jobMoves[from] as readonly JobState[]).includes(to);

/** What becomes of the job when its attempt ends so. A lost or rejected attempt puts the job back into the queue while tries remain. */
export function jobStateAfter(outcome: AttemptOutcome, triesLeft: number): JobState {
  switch (outcome) {
    case 'completed':
    case 'failed':
    case 'timeout':
    case 'cancelled':
      return outcome;
    case 'rejected':
    case 'lost':
      return triesLeft > 0 ? 'queued' : 'failed';
  }
}
