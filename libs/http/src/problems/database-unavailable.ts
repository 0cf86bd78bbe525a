import { types } from 'node:util';
const lossCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  // PostgreSQL: out of disk, memory or connections; cancelled by the statement timeout; read-only after a failover.
  '53000',
  '53100',
  '53200',
  '53300',
  '57014',
  '25006',
]);
const lossTexts =
  /connection terminated|query read timeout|timeout (exceeded )?when trying to connect|client (has encountered|was closed)|not queryable|cannot use a pool after calling end/i;

/**
 * Whether an error means that the database is away or cannot serve for the moment, by the codes of node and of PostgreSQL's
 * classes 08 and 57P. Told by shape and not by class, because this lib does not know the one that talks to the database.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  for (const part of partsOf(error)) {
    const code = 'code' in part && typeof part.code === 'string' ? part.code : '';
    if (lossCodes.has(code) || /^08[0-9A-Z]{3}$/.test(code) || /^57P0[1-5]$/.test(code) || lossTexts.test(part.message))
      return true;
  }
  return false;
}

/** The error, its cause, and the members of an AggregateError (a refused connection on several addresses is one). */
function partsOf(error: unknown): Error[] {
  // isNativeError, not instanceof: an error of another realm (a worker, a test's sandbox) is an error too.
  if (!types.isNativeError(error)) return [];
  const cause = types.isNativeError(error.cause) ? [error.cause] : [];
  const listed: unknown = 'errors' in error ? error.errors : undefined;
  const members = Array.isArray(listed) ? listed.filter((it) => types.isNativeError(it)) : [];
  return [error, ...cause, ...members];
}
