import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type Snapshot, createPlanner, encodeCanonical } from '#libs/scheduling';
import { defaultPolicy } from './default-policy.js';
import { CHUNK_BYTES, packDeltas, packKeyframe, sealed, unpackDeltas, unpackKeyframe } from './state-packing.js';

const aState = (tenants: number, more: Partial<Snapshot> = {}): Snapshot => ({
  now: 5, pools: [], groups: [], nodeStates: [], windows: [], running: [], queued: [], outlooks: [], ...more,
  tenants: Array.from({ length: tenants }, (_, index) => ({ weight: 1, parentId: null, id: `鄂州-${index}`, usage: index / 3 })),
}); // prettier-ignore
const bytesOf = (state: Snapshot, most?: number) => packKeyframe(state, most).map((chunk) => chunk.bytes);

describe('a packed keyframe', () => {
  it('unpacks to the same state, however it is cut and however many items a member has', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1, 1_999, 2_000, 2_001, 4_000, 4_001),
        fc.integer({ min: 20, max: 5_000 }),
        (tenants, most) => {
          const state = aState(tenants);
          const chunks = bytesOf(state, most);
          expect(chunks.every((bytes) => bytes.length >= 1 && bytes.length <= most)).toBe(true);
          expect(chunks.slice(0, -1).every((bytes) => bytes.length === most)).toBe(true);
          expect(unpackKeyframe(chunks)).toEqual(state);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('of equal states is equal, whatever the order in which members were set', () => {
    const state = aState(3);
    const turned = Object.fromEntries(Object.entries(state).toReversed()) as unknown as Snapshot;
    expect(packKeyframe(turned)).toEqual(packKeyframe(state));
  });

  it('leaves out members that are not there, and keeps those that are', () => {
    const state = aState(0, { links: undefined, powerCaps: [] });
    expect(Object.keys(unpackKeyframe(bytesOf(state))).toSorted()).toEqual(Object.keys(aState(0, { powerCaps: [] })).toSorted()); // prettier-ignore
  });

  it('is lines of canonical JSON: whoever changes this form raises STATE_FORMAT', () => {
    expect(gunzipSync(Buffer.concat(bytesOf(aState(1)))).toString()).toBe(
      '{"groups":[]}\n{"nodeStates":[]}\n{"now":5}\n{"outlooks":[]}\n{"pools":[]}\n{"queued":[]}\n{"running":[]}\n' +
        '{"tenants":[{"id":"鄂州-0","parentId":null,"usage":0,"weight":1}]}\n{"windows":[]}\n',
    );
  });

  it('has chunks of a megabyte, each with the hash of its own bytes', () => {
    // Names that hardly compress.
    let seed = 1;
    const random = (): string => ((seed = (seed * 48_271) % 2_147_483_647) >>> 0).toString(36);
    const tenants = Array.from({ length: 60_000 }, () => ({ id: random() + random() + random() + random(), parentId: null, weight: 1, usage: 0 })); // prettier-ignore
    const chunks = packKeyframe({ ...aState(0), tenants });
    expect(chunks.length).toBeGreaterThan(1);
    expect(chunks.slice(0, -1).map((chunk) => chunk.bytes.length)).toEqual(chunks.slice(0, -1).map(() => CHUNK_BYTES));
    for (const chunk of chunks) {
      expect(sealed(chunk.bytes)).toEqual(chunk);
      // Each goes to another thread by itself, and must not take the whole along.
      expect(chunk.bytes.buffer.byteLength).toBe(chunk.bytes.length);
    }
  });

  it('starts a planner that plans as the one it was taken of', () => {
    const state = aState(2);
    const planner = createPlanner(unpackKeyframe(bytesOf(state)), defaultPolicy);
    expect(encodeCanonical(planner.snapshot(5))).toBe(encodeCanonical(createPlanner(state, defaultPolicy).snapshot(5)));
  });

  const faults: Record<string, readonly Uint8Array[]> = {
    'no bytes at all': [],
    'bytes of something else': [Buffer.from('no gzip at all')],
    'its first half alone': bytesOf(aState(2_500), 900).slice(0, 2),
    'its chunks in another order': bytesOf(aState(2_500), 900).toReversed(),
  };
  it.each(Object.entries(faults))('that is %s is not read', (_sentence, chunks) => {
    expect(() => unpackKeyframe(chunks)).toThrow(/./);
  });
});

it('deltas unpack to what was packed, and none to none', () => {
  const deltas = [
    { kind: 'job-withdrawn' as const, jobId: 'a' },
    { kind: 'attempt-ended' as const, attemptId: '鄂' },
  ];
  const chunk = packDeltas(deltas);
  expect(unpackDeltas(chunk.bytes)).toEqual(deltas);
  expect(sealed(chunk.bytes)).toEqual(chunk);
  expect(unpackDeltas(packDeltas([]).bytes)).toEqual([]);
});
