import type { Instant } from '#libs/domain';
import type { Delta } from '#libs/scheduling';
import type { PlannerFeed } from '../ports.js';
import { toSeconds } from '../service-time.js';
import type { PlannerHost } from './planner-host.js';
import type { OutlookSource } from './outlook-source.js';
import type { PolicySource, VersionedPolicy } from './policies.js';

/** What a refresh brought: a whole state (first time, or the feed was pruned past us), or deltas. */
export type Refreshed = { readonly kind: 'cold' } | { readonly kind: 'followed'; readonly deltas: readonly Delta[] };

/**
 * Keeps a planner equal to the database: loads it cold once, follows the change feed after that, and brings the sites' hourly
 * outlook when the hour turns. The scheduler plans on its mirror; each API replica keeps one for admissions and quotes.
 */
export class PlannerMirror {
  private cursor: string | null = null;
  private outlookHour: number | null = null;
  private refreshing: Promise<Refreshed> | null = null;
  private refreshedAt: Instant | null = null;
  private startedUnder: VersionedPolicy | null = null;

  constructor(
    private readonly feed: PlannerFeed,
    readonly host: PlannerHost,
    private readonly outlooks: OutlookSource,
    private readonly policies: PolicySource,
  ) {}

  /** Service time of the state that answers are given from; null before the first refresh. */
  get asOf(): Instant | null {
    return this.refreshedAt;
  }

  /** What the planner plans by: of its last start. */
  get policy(): VersionedPolicy {
    return this.startedUnder ?? this.policies.current();
  }

  /** Coalesced: who calls during a refresh waits for the one under way. */
  refresh(now: Instant): Promise<Refreshed> {
    this.refreshing ??= this.follow(now).finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  /** Tells the planner at once what this process has just committed; the feed will repeat it, which changes nothing. */
  async anticipate(deltas: readonly Delta[]): Promise<void> {
    await this.host.advance(deltas);
  }

  /** Forgets the state: the next refresh starts cold. For after a lost leadership or a failed advance. */
  forget(): void {
    this.cursor = null;
  }

  private async follow(now: Instant): Promise<Refreshed> {
    if (this.cursor === null || this.policies.current().sha256 !== this.startedUnder?.sha256)
      return this.startCold(now);
    const news = await this.feed.since(this.cursor, now);
    if (news.kind === 'lost') return this.startCold(now);
    const deltas = [...news.deltas, ...this.outlookDeltas(now)];
    // The cursor moves only after the planner has taken the deltas: a failure in between starts cold instead of missing them.
    this.cursor = null;
    await this.host.advance(deltas);
    this.cursor = news.cursor;
    this.refreshedAt = now;
    return { kind: 'followed', deltas };
  }

  private async startCold(now: Instant): Promise<Refreshed> {
    const { snapshot, cursor } = await this.feed.cold(now);
    this.outlookHour = null;
    const outlooks = this.outlookDeltas(now).flatMap((delta) => (delta.kind === 'outlook' ? [delta.outlook] : []));
    const policy = this.policies.current();
    this.cursor = null;
    await this.host.start({ ...snapshot, outlooks }, policy.planning);
    this.startedUnder = policy;
    this.cursor = cursor;
    this.refreshedAt = now;
    return { kind: 'cold' };
  }

  private outlookDeltas(now: Instant): Delta[] {
    const hour = Math.floor(toSeconds(now) / 3600);
    if (hour === this.outlookHour) return [];
    this.outlookHour = hour;
    return this.outlooks.from(now).map((outlook) => ({ kind: 'outlook', outlook }));
  }
}
