import fc from 'fast-check';
import { CursorSealer } from './cursor.js';

const sealer = new CursorSealer(new Uint8Array(32).fill(7));
const shape = { list: 'jobs', filter: { state: 'queued', pool: undefined } };

describe('cursors', () => {
  it('open to what was sealed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (after) =>
        expect(sealer.open(sealer.seal(after.toWellFormed(), shape), shape)).toBe(after.toWellFormed()),
      ),
    );
  });

  it('open for nobody else: another filter, another list, another key', () => {
    const cursor = sealer.seal('42', shape);
    const others = [
      () => sealer.open(cursor, { ...shape, filter: { state: 'running' } }),
      () => sealer.open(cursor, { ...shape, list: 'nodes' }),
      () => new CursorSealer(new Uint8Array(32).fill(8)).open(cursor, shape),
    ];
    for (const open of others) expect(open).toThrow(/cursor-invalid/);
  });

  it('that were tampered with never open', () => {
    const cursor = sealer.seal('42', shape);
    fc.assert(
      fc.property(fc.string(), (text) => expect(text === cursor || throws(() => sealer.open(text, shape))).toBe(true)),
      { numRuns: 500 },
    );
  });

  it('do not care for the order of filters, nor for absent ones', () => {
    const cursor = sealer.seal('1', { list: 'x', filter: { a: 1, b: 2 } });
    expect(sealer.open(cursor, { list: 'x', filter: { b: 2, c: undefined, a: 1 } })).toBe('1');
  });
});

function throws(act: () => unknown): boolean {
  try {
    act();
    return false;
  } catch {
    return true;
  }
}
