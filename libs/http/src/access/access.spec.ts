import type { KeyStore, Principal } from '#libs/application';
import { noInstruments } from '#libs/application';
import { Authenticator } from './authenticator.js';
import { CachedKeyStore, hashOfKey } from './cached-key-store.js';
import { TokenBuckets } from './token-buckets.js';

const principal: Principal = { keyId: 'k', role: 'tenant', tenantId: 'blue', tenants: ['blue'] };

/** Knows one key, counts look-ups, and fails when told to. */
class OneKeyStore implements KeyStore {
  lookUps = 0;
  failing = false;
  revoked = false;
  async find(sha256: Uint8Array): ReturnType<KeyStore['find']> {
    this.lookUps += 1;
    if (this.failing) throw new Error('connect ECONNREFUSED');
    if (!Buffer.from(sha256).equals(hashOfKey('right'))) return null;
    return this.revoked ? { kind: 'revoked' } : { kind: 'ok', principal };
  }
  async add(): Promise<void> {}
  async count(): Promise<number> {
    return 1;
  }
  async revoke(): Promise<boolean> {
    this.revoked = true;
    return true;
  }
}

describe('remembered keys', () => {
  it('are looked up once in two seconds, however many ask at once', async () => {
    const store = new OneKeyStore();
    let now = 0;
    const cached = new CachedKeyStore(store, () => now);
    await Promise.all(Array.from({ length: 20 }, () => cached.find(hashOfKey('right'))));
    expect(store.lookUps).toBe(1);
    now = 1_999;
    await cached.find(hashOfKey('right'));
    expect(store.lookUps).toBe(1);
    now = 2_000;
    await cached.find(hashOfKey('right'));
    expect(store.lookUps).toBe(2);
  });

  it('are forgotten at once when one is revoked here', async () => {
    const cached = new CachedKeyStore(new OneKeyStore(), () => 0);
    expect(await cached.find(hashOfKey('right'))).toMatchObject({ kind: 'ok' });
    await cached.revoke('k');
    expect(await cached.find(hashOfKey('right'))).toEqual({ kind: 'revoked' });
  });

  it('do not remember a look-up that failed', async () => {
    const store = new OneKeyStore();
    const cached = new CachedKeyStore(store, () => 0);
    store.failing = true;
    await expect(cached.find(hashOfKey('right'))).rejects.toThrow('ECONNREFUSED');
    store.failing = false;
    expect(await cached.find(hashOfKey('right'))).toMatchObject({ kind: 'ok' });
  });
});

describe('the Authorization header', () => {
  const authenticator = new Authenticator(new OneKeyStore(), noInstruments.http);
  it.each(['Bearer right', 'bearer right', 'Bearer  right '])('"%s" is the key', async (header) => {
    expect(await authenticator.authenticate(header)).toEqual(principal);
  });
  it.each([
    [undefined, 'key-missing'],
    ['', 'key-missing'],
    ['right', 'key-unknown'],
    ['Basic right', 'key-unknown'],
    ['Bearer ri ght', 'key-unknown'],
    ['Bearer wrong', 'key-unknown'],
    [`Bearer ${'x'.repeat(600)}`, 'key-unknown'],
  ])('"%s" is refused', async (header, wantCode) => {
    await expect(authenticator.authenticate(header)).rejects.toMatchObject({ code: wantCode });
  });
});

describe('token buckets', () => {
  it('give a burst, then as many as come back, to each name its own', () => {
    let now = 0;
    const buckets = new TokenBuckets({ perSecond: 2, burst: 3 }, () => now);
    const allowed = (name: string): boolean => buckets.take(name).allowed;
    expect([1, 2, 3, 4].map(() => allowed('a'))).toEqual([true, true, true, false]);
    expect(allowed('b')).toBe(true);
    now = 500;
    expect([1, 2].map(() => allowed('a'))).toEqual([true, false]);
    now = 60_000;
    expect([1, 2, 3, 4].map(() => allowed('a'))).toEqual([true, true, true, false]);
  });

  it('say when to come back', () => {
    const buckets = new TokenBuckets({ perSecond: 0.1, burst: 1 }, () => 0);
    expect(buckets.take('a')).toEqual({ allowed: true, left: 0, retrySeconds: 0 });
    expect(buckets.take('a')).toEqual({ allowed: false, left: 0, retrySeconds: 10 });
  });

  it('stay bounded when names do not', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, () => 0);
    for (let name = 0; name < 30_000; name++) buckets.take(String(name));
    expect((buckets as unknown as { buckets: Map<string, unknown> }).buckets.size).toBeLessThanOrEqual(10_000);
  });
});
