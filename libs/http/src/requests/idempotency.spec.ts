import fc from 'fast-check';
import { fingerprintOf, idempotencyKeyOf } from './idempotency.js';

const hex = (body: unknown): string => Buffer.from(fingerprintOf('POST /v1/jobs', body)).toString('hex');

describe('fingerprints', () => {
  it('are the same for the same body with its keys in another order', () => {
    const shuffled = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(shuffled)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .toReversed()
                .map(([key, child]) => [key, shuffled(child)]),
            )
          : value;
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(hex(shuffled(value))).toBe(hex(value))));
  });

  it('differ when anything does', () => {
    const bodies = [
      { a: 1 },
      { a: '1' },
      { a: [1] },
      { a: null },
      { b: 1 },
      { a: { b: 1 } },
      { 'a":1,"b': 1 },
      [],
      {},
      '',
    ];
    expect(new Set(bodies.map(hex)).size).toBe(bodies.length);
    expect(Buffer.from(fingerprintOf('POST /other', {})).toString('hex')).not.toBe(hex({}));
  });
});

describe('keys', () => {
  it.each(['a', 'order 2026-11-22 / 7', 'x'.repeat(255)])('"%s" is one', (key) =>
    expect(idempotencyKeyOf(key)).toBe(key),
  );
  it.each(['', ' a', 'a ', 'x'.repeat(256), 'schlüssel', 'a\tb', ['a', 'b']])('"%s" is none', (key) => {
    expect(() => idempotencyKeyOf(key)).toThrow(/255 printable/);
  });
  it('may be left out', () => expect(idempotencyKeyOf(undefined)).toBeNull());
});
