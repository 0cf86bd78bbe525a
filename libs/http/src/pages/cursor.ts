import { createHmac, timingSafeEqual } from 'node:crypto';
import { Problem } from '../problems/problem.js';

/** What a cursor belongs to: the list and its filters. A cursor of another list or filter is refused. */
export interface ListShape {
  readonly list: string;
  readonly filter: Readonly<Record<string, string | number | undefined>>;
}

/**
 * Seals the sort key of the last row seen into an opaque cursor: `base64url(key).base64url(HMAC-SHA256 over list, filter and key)`.
 * The signature keeps callers from making cursors of their own, which would freeze the sort key into the contract.
 */
export class CursorSealer {
  constructor(private readonly secret: Uint8Array) {
    if (secret.length < 32)
      throw new RangeError('The key that signs cursors is shorter than 32 bytes: give 32 random bytes.');
  }

  seal(after: string, shape: ListShape): string {
    return `${Buffer.from(after, 'utf8').toString('base64url')}.${this.signature(after, shape).toString('base64url')}`;
  }

  /** Null without a cursor. Throws the problem cursor-invalid for one that this list did not give out. */
  open(cursor: string | undefined, shape: ListShape): string | null {
    if (cursor === undefined) return null;
    const [body = '', signature = '', ...rest] = cursor.split('.');
    const after = Buffer.from(body, 'base64url').toString('utf8');
    const given = Buffer.from(signature, 'base64url');
    const wanted = this.signature(after, shape);
    if (rest.length > 0 || given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
      throw new Problem('cursor-invalid', 'The cursor was not given out by this list with these filters.', {
        errors: [{ parameter: 'cursor', detail: 'does not belong to this list with these filters' }],
      });
    }
    return after;
  }

  private signature(after: string, { list, filter }: ListShape): Buffer {
    const filters = Object.entries(filter)
      .filter(([, value]) => value !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    return createHmac('sha256', this.secret)
      .update(JSON.stringify([list, filters, after]))
      .digest()
      .subarray(0, 18);
  }
}
