import { DAY_MS, type Instant } from '#libs/domain';
import { type FieldFault, Problem } from '#libs/http';
import { TimeText } from './common.js';

const LONGEST_MS = 400 * DAY_MS;

export const stretchFields = { from: TimeText.optional(), until: TimeText.optional() };

/** [from, until) of a query; `until` is now and `from` as much before it as the default says, unless given. */
export function stretchOf(
  query: { readonly from?: string; readonly until?: string },
  now: Instant,
  defaultMs: number,
): { readonly from: Instant; readonly until: Instant } {
  const until = query.until === undefined ? now : Date.parse(query.until);
  const from = query.from === undefined ? until - defaultMs : Date.parse(query.from);
  if (from >= until) throw faulty({ parameter: 'from', detail: 'is not before until' });
  if (until - from > LONGEST_MS) throw faulty({ parameter: 'from', detail: 'is more than 400 days before until' });
  return { from, until };
}

const faulty = (fault: FieldFault): Problem =>
  new Problem('query-invalid', `${fault.parameter} ${fault.detail}.`, { errors: [fault] });
