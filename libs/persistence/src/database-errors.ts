const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** A row refers to one that is not there. */
export const isForeignKeyViolation = (error: unknown): boolean => codeOf(error) === '23503';

/** A lock was not to be had within `lock_timeout`. */
export const isLockTimeout = (error: unknown): boolean => codeOf(error) === '55P03';

const lossCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
const lossTexts =
  /connection terminated|query read timeout|timeout (exceeded )?when trying to connect|client (has encountered|was closed)|not queryable/i;

/**
 * The connection or the server went away. Whether the last commit took effect is unknown: try again only what carries its own
 * identity (an idempotency key, an attempt id, an epoch).
 */
export function isConnectionLoss(error: unknown): boolean {
  const code = codeOf(error);
  // Class 08 connection exceptions, 57P01..05 the server is shutting down, crashing, starting or dropping us.
  if (code.startsWith('08') || /^57P0[1-5]$/.test(code) || lossCodes.has(code)) return true;
  return error instanceof Error && lossTexts.test(error.message);
}
