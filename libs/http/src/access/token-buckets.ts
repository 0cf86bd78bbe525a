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
    const bucket = this.buckets.get(name) ?? { tokens: this.limit.burst, at: now };
    this.keep(name, bucket);
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

  // Maps iterate in order of insertion, so inserting anew at each use keeps the longest unused first: it goes when there are
  // too many, in constant time, because who sends made-up names must not make each of them cost a search.
  private keep(name: string, bucket: { tokens: number; at: number }): void {
    this.buckets.delete(name);
    if (this.buckets.size >= MOST_BUCKETS) {
      const oldest = this.buckets.keys().next();
      if (!oldest.done) this.buckets.delete(oldest.value);
    }
    this.buckets.set(name, bucket);
  }
}
