/** Exit codes of every verb (UX.md 4.1); scripts rely on them. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  'not-found': 3,
  denied: 4,
  conflict: 5,
  'try-later': 75,
} as const;
export type ExitReason = keyof typeof exitCodes;

/** Ends a verb with a message on stderr and its code; anything else that is thrown is a fault of ours and shows its stack. */
export class CliError extends Error {
  constructor(
    readonly reason: Exclude<ExitReason, 'ok'>,
    message: string,
  ) {
    super(message);
  }
}

/** A key that was used with another body is a conflict, though HTTP says 422 (RELIABILITY.md 3.4). */
export function reasonOfProblem(status: number, code: string | undefined): Exclude<ExitReason, 'ok'> {
  return code === 'idempotency-key-reused' ? 'conflict' : reasonOfStatus(status);
}

function reasonOfStatus(status: number): Exclude<ExitReason, 'ok'> {
  if (status === 404) return 'not-found';
  if (status === 401 || status === 403) return 'denied';
  if (status === 409) return 'conflict';
  if (status === 429 || status >= 500) return 'try-later';
  return status === 400 || status === 413 || status === 415 || status === 422 ? 'usage' : 'failed';
}
