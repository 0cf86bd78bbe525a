import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The trace id of a W3C traceparent header (version 00), else a new one: 32 hex digits. */
export function traceIdOf(headers: IncomingHttpHeaders): string {
  const given = typeof headers['traceparent'] === 'string' ? headers['traceparent'] : '';
  const traceId = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(given)?.[1];
  return traceId !== undefined && !/^0+$/.test(traceId) ? traceId : randomBytes(16).toString('hex');
}
