import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type Delta, type Snapshot, encodeCanonical } from '#libs/scheduling';

/**
 * The form of packed states and deltas. Raise it when `Snapshot` or `Delta` change so that what was recorded before would be
 * misread: such cycles are then told apart instead of being replayed to another plan.
 */
export const STATE_FORMAT = 2;
/** No row of a database, and no message to it, is larger. */
export const CHUNK_BYTES = 1_000_000;

export interface Chunk {
  /** Of the bytes as they stand. */
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** Items in a piece of text: a string of the whole would meet the engine's limit (512 MB) at about a million jobs. */
const ITEMS_AT_ONCE = 2_000;
// Level 1: a state of 100,000 jobs is a fifth larger than at level 6 (5.2 MB, 4.3 MB) and packed in half the time.
const packed = (text: string): Uint8Array => gzipSync(text, { level: 1 });

export const sealed = (bytes: Uint8Array): Chunk => ({
  sha256: createHash('sha256').update(bytes).digest('hex'),
  bytes,
});

/**
 * A state as chunks of at most a megabyte, in order: gzip members whose text is lines of canonical JSON, each with some items of
 * one member of the state. Equal states give equal chunks. Done in one go, so that no delta can come between two pieces.
 */
export function packKeyframe(state: Snapshot, most = CHUNK_BYTES): readonly Chunk[] {
  const pieces: Uint8Array[] = [];
  for (const line of linesOf(state)) pieces.push(packed(line));
  const whole = Buffer.concat(pieces);
  const chunks: Chunk[] = [];
  // Copies: each is handed from thread to thread by itself.
  for (let from = 0; from < whole.length; from += most) {
    chunks.push(sealed(Uint8Array.prototype.slice.call(whole, from, from + most)));
  }
  return chunks;
}

/** Throws on bytes that `packKeyframe` did not write; their hashes are for the reader of the chunks to check. */
export function unpackKeyframe(chunks: readonly Uint8Array[]): Snapshot {
  const text = gunzipSync(Buffer.concat(chunks));
  const state: Record<string, unknown> = {};
  for (let from = 0; from < text.length;) {
    const until = text.indexOf(NEWLINE, from);
    const line = JSON.parse(text.toString('utf8', from, until)) as Readonly<Record<string, unknown>>;
    for (const [member, value] of Object.entries(line)) {
      const known = state[member];
      if (Array.isArray(known)) for (const item of value as readonly unknown[]) known.push(item);
      else state[member] = value;
    }
    from = until + 1;
  }
  return state as unknown as Snapshot;
}
const NEWLINE = 0x0a;

export const packDeltas = (deltas: readonly Delta[]): Chunk => sealed(packed(encodeCanonical(deltas)));
export const unpackDeltas = (bytes: Uint8Array): readonly Delta[] =>
  JSON.parse(gunzipSync(bytes).toString()) as readonly Delta[];

function* linesOf(state: Snapshot): Generator<string> {
  for (const [member, value] of Object.entries(state).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (value === undefined) continue;
    const items: unknown = value;
    if (!Array.isArray(items)) yield `${encodeCanonical({ [member]: items })}\n`;
    else {
      for (let from = 0; from === 0 || from < items.length; from += ITEMS_AT_ONCE)
        yield `${encodeCanonical({ [member]: items.slice(from, from + ITEMS_AT_ONCE) })}\n`;
    }
  }
}
