import { createHash } from 'node:crypto';
import type { KeyStore } from '#libs/application';

type Found = Awaited<ReturnType<KeyStore['find']>>;

const TTL_MS = 2_000;
const MOST_ENTRIES = 10_000;

export const hashOfKey = (key: string): Uint8Array => createHash('sha256').update(key, 'utf8').digest();

/**
 * Remembers answers for two seconds, so that a busy caller costs one look-up and not one a request; parallel look-ups of one key
 * are one. A revocation through this store is effective at once in this process, one elsewhere within the two seconds.
 */
export class CachedKeyStore implements KeyStore {
  private readonly known = new Map<string, { readonly answer: Promise<Found>; readonly until: number }>();

  constructor(
    private readonly keys: KeyStore,
    private readonly stopwatchMs: () => number = () => performance.now(),
  ) {}

  find(sha256: Uint8Array): Promise<Found> {
    const id = Buffer.from(sha256).toString('base64');
    const now = this.stopwatchMs();
    const cached = this.known.get(id);
    if (cached && cached.until > now) return cached.answer;
    this.known.delete(id);
    if (this.known.size >= MOST_ENTRIES) this.dropOldest();
    const answer = this.keys.find(sha256);
    this.known.set(id, { answer, until: now + TTL_MS });
    // A failure is nobody's answer: the next request asks again.
    answer.catch(() => this.known.get(id)?.answer === answer && this.known.delete(id));
    return answer;
  }

  async add(keys: Parameters<KeyStore['add']>[0]): Promise<void> {
    await this.keys.add(keys);
    this.known.clear();
  }

  count(): Promise<number> {
    return this.keys.count();
  }

  async revoke(id: string): Promise<boolean> {
    try {
      return await this.keys.revoke(id);
    } finally {
      this.known.clear();
    }
  }

  // Maps iterate in order of insertion, and an entry is inserted anew each time it is asked for.
  private dropOldest(): void {
    const oldest = this.known.keys().next();
    if (!oldest.done) this.known.delete(oldest.value);
  }
}
