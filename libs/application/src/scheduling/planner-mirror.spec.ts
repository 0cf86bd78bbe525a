import { HOUR_MS, type Instant } from '#libs/domain';
import type { Delta, OrderName, OutlookModel, Snapshot } from '#libs/scheduling';
import type { PlannerFeed } from '../ports.js';
import { defaultPolicy } from './default-policy.js';
import type { OutlookSource } from './outlook-source.js';
import { InProcessPlanner, type PlannerHost } from './planner-host.js';
import { PlannerMirror } from './planner-mirror.js';
import { type PolicySource, fixedPolicy } from './policies.js';

const now = Date.parse('2026-11-22T08:00:00+08:00');
const empty: Snapshot = {
  now: now / 1000,
  pools: [],
  groups: [],
  nodeStates: [],
  windows: [],
  tenants: [],
  running: [],
  queued: [],
  outlooks: [],
};
const gone = (jobId: string): Delta => ({ kind: 'job-withdrawn', jobId });

/** A feed of which the test says what comes next; cursors count the reads. */
class ScriptedFeed implements PlannerFeed {
  readonly reads: string[] = [];
  news: readonly Delta[] | 'lost' = [];
  private count = 0;

  async cold(): ReturnType<PlannerFeed['cold']> {
    this.reads.push('cold');
    return { snapshot: empty, cursor: this.next() };
  }
  async since(cursor: string): ReturnType<PlannerFeed['since']> {
    this.reads.push(`since ${cursor}`);
    if (this.news === 'lost') return { kind: 'lost' };
    return { kind: 'deltas', deltas: this.news, cursor: this.next() };
  }
  private next(): string {
    this.count += 1;
    return String(this.count);
  }
}
/** The planner itself, which notes what it is told and can fail to take it. */
class NotingPlanner extends InProcessPlanner {
  readonly told: Delta[] = [];
  readonly snapshots: Snapshot[] = [];
  readonly policies: string[] = [];
  failsNext = false;

  override async start(snapshot: Snapshot, policy: Parameters<PlannerHost['start']>[1]): Promise<void> {
    this.snapshots.push(snapshot);
    this.policies.push(policy.order);
    await super.start(snapshot, policy);
  }
  override async advance(deltas: readonly Delta[]): Promise<void> {
    if (this.failsNext) {
      this.failsNext = false;
      throw new Error('the thread died');
    }
    this.told.push(...deltas);
    await super.advance(deltas);
  }
}
const outlookAt = (at: Instant): OutlookModel => ({
  siteId: 'here',
  from: at / 1000,
  greenShare: [0.5],
  gramsPerKwh: [500],
  yuanPerKwh: [0.6],
});
let order: OrderName = 'fair';
const policies: PolicySource = { current: () => fixedPolicy({ ...defaultPolicy, order }).current() };
const hourly: OutlookSource = { from: (at) => [outlookAt(at)] };

let feed: ScriptedFeed;
let planner: NotingPlanner;
let mirror: PlannerMirror;
beforeEach(() => {
  order = 'fair';
  feed = new ScriptedFeed();
  planner = new NotingPlanner();
  mirror = new PlannerMirror(feed, planner, hourly, policies);
});

it('starts cold with the outlook of the hour, then follows from where it is', async () => {
  expect(mirror.asOf).toBeNull();
  expect(await mirror.refresh(now)).toEqual({ kind: 'cold' });
  feed.news = [gone('a')];
  expect(await mirror.refresh(now + 1000)).toEqual({ kind: 'followed', deltas: [gone('a')] });
  await mirror.refresh(now + 2000);
  expect(feed.reads).toEqual(['cold', 'since 1', 'since 2']);
  expect(planner.snapshots[0]?.outlooks).toEqual([outlookAt(now)]);
  expect(mirror.asOf).toBe(now + 2000);
});

it('brings the outlook once an hour, as a change like any other', async () => {
  await mirror.refresh(now);
  await mirror.refresh(now + HOUR_MS - 1000);
  expect(planner.told).toEqual([]);
  const turned = await mirror.refresh(now + HOUR_MS);
  expect(turned).toEqual({ kind: 'followed', deltas: [{ kind: 'outlook', outlook: outlookAt(now + HOUR_MS) }] });
});

it('starts cold again when the feed was pruned past it', async () => {
  await mirror.refresh(now);
  feed.news = 'lost';
  expect(await mirror.refresh(now + 1000)).toEqual({ kind: 'cold' });
  expect(feed.reads).toEqual(['cold', 'since 1', 'cold']);
});

it('starts cold after a planner that did not take what it was told: nothing is missed', async () => {
  await mirror.refresh(now);
  planner.failsNext = true;
  feed.news = [gone('a')];
  await expect(mirror.refresh(now + 1000)).rejects.toThrow('the thread died');
  expect(mirror.asOf).toBe(now);
  expect(await mirror.refresh(now + 2000)).toEqual({ kind: 'cold' });
});

it('reads once for all who ask at the same time', async () => {
  const both = await Promise.all([mirror.refresh(now), mirror.refresh(now)]);
  expect(both).toEqual([{ kind: 'cold' }, { kind: 'cold' }]);
  expect(feed.reads).toEqual(['cold']);
});

it('forgets when it is told to', async () => {
  await mirror.refresh(now);
  mirror.forget();
  expect(await mirror.refresh(now + 1000)).toEqual({ kind: 'cold' });
});

it('starts cold under a policy that has become another, and goes on under one that has not', async () => {
  await mirror.refresh(now);
  await mirror.refresh(now + 1000);
  expect(mirror.policy.planning.order).toBe('fair');
  order = 'sjf';
  expect(mirror.policy.planning.order).toBe('fair'); // what the planner still plans by
  expect(await mirror.refresh(now + 2000)).toEqual({ kind: 'cold' });
  expect(mirror.policy.planning.order).toBe('sjf');
  await mirror.refresh(now + 3000);
  expect(planner.policies).toEqual(['fair', 'sjf']);
  expect(feed.reads).toEqual(['cold', 'since 1', 'cold', 'since 3']);
});
