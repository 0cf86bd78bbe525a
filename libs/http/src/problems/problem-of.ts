import { types } from 'node:util';
import { HttpException } from '@nestjs/common';
import { isDatabaseUnavailable } from './database-unavailable.js';
import { Problem } from './problem.js';
import { type ProblemCode, isProblemCode } from './problem-kinds.js';

const RETRY_SOON = { headers: { 'Retry-After': '2' } };

const byFastifyCode: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body-too-large', 'The body is larger than 1 MB (1,048,576 bytes).'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['media-type-unsupported', 'Bodies are read as application/json only.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['header-invalid', 'The Content-Length header does not match the body.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['body-missing', 'The body is empty; this route needs a JSON object.'],
  FST_ERR_BAD_URL: ['url-malformed', 'The path is not correctly percent-encoded.'],
  FST_ERR_MAX_PARAM_LENGTH: ['url-too-long', 'A path parameter is longer than 200 characters.'],
  FST_ERR_ASYNC_CONSTRAINT: ['url-malformed', 'The request cannot be routed.'],
};
const byStatus: Readonly<Record<number, ProblemCode>> = {
  400: 'url-malformed',
  404: 'route-unknown',
  408: 'request-timeout',
  413: 'body-too-large',
  414: 'url-too-long',
  415: 'media-type-unsupported',
  431: 'headers-too-large',
};

/** The one place that turns errors into problems; null for surprises, which are logged and answered with `internal`. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  const cause = error instanceof HttpException ? (error.cause ?? error) : error;
  const code = codeOf(cause);
  const known = code === undefined ? undefined : byFastifyCode[code];
  if (known) return new Problem(known[0], known[1]);
  if (isDatabaseUnavailable(cause)) {
    return new Problem(
      'database-unavailable',
      'The database does not answer. Nothing is known of this request’s effect: repeat it with the same Idempotency-Key.',
      RETRY_SOON,
    );
  }
  // Typed errors of the use cases carry the code of their problem (STYLE B15): engine-unreachable, planner-not-ready, …
  if (types.isNativeError(cause) && isProblemCode(code)) return new Problem(code, cause.message, RETRY_SOON);
  if (error instanceof HttpException && error.getStatus() < 500) {
    const named = byStatus[error.getStatus()] ?? 'url-malformed';
    return new Problem(named, error.message);
  }
  return null;
}

function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
