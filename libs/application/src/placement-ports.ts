/** What operators tell of sites and ways: how much a site may draw, how far it is. */
import type { Instant } from '#libs/domain';

export interface PowerCap {
  readonly id: string;
  readonly siteId: string;
  readonly from: Instant;
  readonly until: Instant;
  readonly watts: number;
  readonly reason: string | null;
  readonly createdAt: Instant;
  readonly createdBy: string;
}
/** The IT load of a site may not pass the cap while it stands. Running work is never touched; nothing new starts above it. */
export interface PowerCapStore {
  set(cap: PowerCap): Promise<void>;
  /** Caps that stand or are to come, by their beginning. */
  list(now: Instant): Promise<readonly PowerCap[]>;
  /** False when there is none of this id that stands. */
  lift(id: string, at: Instant, actor: string): Promise<boolean>;
}

export interface LatencyProbe {
  readonly fromDistrict: string;
  readonly poolId: string;
  readonly oneWayMs: number;
  /** How it was measured, in the words of who did: twamp, ping, tcp-connect … */
  readonly method: string;
  readonly at: Instant;
}
export interface LatencyStore {
  /** All or none. The pools' latencies follow at once. */
  record(probes: readonly LatencyProbe[], actor: string, now: Instant): Promise<void>;
}
