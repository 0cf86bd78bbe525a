export interface RateLimit {
  /** Tokens that come back a second. */
  readonly perSecond: number;
  /** Tokens a full bucket holds. */
  readonly burst: number;
}
export interface Taken {
  readonly allowed: boolean;
  readonly left: number;
  /** Seconds until a token is there again; 0 when one is. */
  readonly retrySeconds: number;
}

const MOST_BUCKETS = 10_000;

/** One token bucket for each name. In process only: n replicas allow n times as much. */
export class TokenBuckets {
  private readonly buckets = new Map<string, { tokens: number; at: number }>();

  constructor(
    readonly limit: RateLimit,
    private readonly stopwatchMs: () => number = () => performance.now(),
  ) {}

  take(name: string): Taken {
    const now = this.stopwatchMs();
    const bucket = this.buckets.get(name) ?? this.opened(name, now);
    bucket.tokens = Math.min(this.limit.burst, bucket.tokens + ((now - bucket.at) / 1000) * this.limit.perSecond);
    bucket.at = now;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return { allowed: true, left: Math.floor(bucket.tokens), retrySeconds: 0 };
    }
    return {
      allowed: false,
      left: 0,
      retrySeconds: Math.max(1, Math.ceil((1 - bucket.tokens) / this.limit.perSecond)),
    };
  }

  private opened(name: string, now: number): { tokens: number; at: number } {
    if (this.buckets.size >= MOST_BUCKETS) this.forgetFull(now);
    const bucket = { tokens: this.limit.burst, at: now };
    this.buckets.set(name, bucket);
    return bucket;
  }

  // A bucket that has filled up again is the same as one that never was. Were none full, the oldest goes: bounded comes first.
  private forgetFull(now: number): void {
    for (const [name, { tokens, at }] of this.buckets) {
      if (tokens + ((now - at) / 1000) * this.limit.perSecond >= this.limit.burst) this.buckets.delete(name);
    }
    const oldest = this.buckets.keys().next();
    if (this.buckets.size >= MOST_BUCKETS && !oldest.done) this.buckets.delete(oldest.value);
  }
}
