import {
  type DispatchOrder,
  type Engine,
  type EngineDescription,
  type EngineJob,
  EngineUnreachable,
  type IdSource,
  type Prepared,
  type SimulatedEngineStore,
  type SimulatedJob,
} from '#libs/application';
import { HOUR_MS, type Instant, SECOND_MS, isUuid, rfc3339 } from '#libs/domain';
import { OneAtATime } from './one-at-a-time.js';
import { RecentEnds } from './recent-ends.js';
import { ReleaseRefused } from './release-refused.js';
import type { SimulatedPool } from './simulated-books.js';
import { heldJob, refOf } from './simulated-run.js';
import { SimulatedTimeline, waitsForRoom } from './simulated-timeline.js';

export interface SimulatedEngineParts {
  readonly pool: SimulatedPool;
  readonly store: SimulatedEngineStore;
  readonly ids: IdSource;
}

/**
 * Virtual nodes on the service clock. It has no clock of its own: time is what callers bring, and a job ends at the instant its
 * run time is over however late somebody looks. Every change is in the store before a method answers; a new instance over the
 * same store goes on where the last one stopped. One instance at a time may serve a pool (see `engineDirectory`).
 */
export class SimulatedEngine implements Engine {
  private readonly turns = new OneAtATime();
  private timeline: SimulatedTimeline | null = null;
  private recent: RecentEnds;
  private lastLook: Instant | null = null;

  constructor(private readonly parts: SimulatedEngineParts) {
    this.recent = this.noEndsYet();
  }

  async describe(): Promise<EngineDescription> {
    return {
      kind: 'simulated',
      capabilities:
        this.parts.pool.placement === 'pinned' ? ['release', 'stage-in', 'pin-nodes'] : ['release', 'stage-in'],
      notice: 'simulated: no real hardware runs this',
    };
  }

  prepare(order: DispatchOrder, now: Instant): Promise<Prepared> {
    return this.act(now, async (timeline): Promise<Prepared> => {
      if (!isUuid(order.attemptId)) return { kind: 'rejected', why: 'the attempt id is not a UUID' };
      const known = await this.find(timeline, order.attemptId);
      if (known !== null) return { kind: 'prepared', ref: known.ref };
      const objection = timeline.objectionTo(order);
      if (objection !== null) return { kind: 'rejected', why: objection };
      const job = heldJob({ ...order, poolId: this.parts.pool.id }, refOf(this.parts.ids.uuid(), order), now);
      timeline.prepare(job);
      return { kind: 'prepared', ref: job.ref };
    });
  }

  /** The planned time on the service clock, from the first time it is asked. Nothing is moved. */
  stage(order: DispatchOrder, now: Instant): Promise<Instant> {
    return this.act(now, async (timeline) => {
      await this.find(timeline, order.attemptId);
      return timeline.stage(order.attemptId, now + (order.stagingSeconds ?? 0) * SECOND_MS);
    });
  }

  /** Throws ReleaseRefused when nothing is prepared under the ref; what runs or is over stays as it is. */
  async release(attemptId: string, ref: string, now: Instant): Promise<void> {
    const released = await this.act(now, async (timeline) => {
      const known = await this.find(timeline, attemptId);
      if (known?.ref !== ref) return false;
      timeline.release(attemptId);
      return true;
    });
    if (!released) throw new ReleaseRefused(this.parts.pool.id, attemptId, ref);
  }

  cancel(attemptId: string, now: Instant): Promise<void> {
    return this.act(now, async (timeline) => {
      await this.find(timeline, attemptId);
      timeline.cancel(attemptId);
    });
  }

  /**
   * Whoever asks from long before the last look doubts what it was told (an attempt seems lost): then the store is asked, as
   * another instance may have released or ended jobs since this one read it.
   */
  observe(since: Instant, now: Instant): Promise<readonly EngineJob[]> {
    return this.act(now, async (known) => {
      const isDoubted = this.lastLook !== null && since < this.lastLook - HOUR_MS;
      const timeline = isDoubted ? await this.readAgain(now) : known;
      const ended = await this.recent.since(since);
      this.lastLook = now;
      return [...timeline.alive(), ...ended].map((job) => told(job, timeline.now));
    });
  }

  /** One deed at a time, over a timeline that has come to `now`; it is answered when the store has everything it changed. */
  private act<T>(now: Instant, deed: (timeline: SimulatedTimeline) => Promise<T>): Promise<T> {
    return this.turns.run(async () => {
      try {
        const timeline = await this.loaded();
        timeline.advance(now);
        // What ended on the way is written before the deed, which may ask the store for it.
        await this.writeThrough(timeline, now);
        const answer = await deed(timeline);
        await this.writeThrough(this.timeline ?? timeline, now);
        return answer;
      } catch (error) {
        // Whether the store has the changes is unknown: what it has is read again, not guessed.
        this.timeline = null;
        this.recent = this.noEndsYet();
        throw error;
      }
    });
  }

  private async ask<T>(question: (store: SimulatedEngineStore) => Promise<T>): Promise<T> {
    try {
      return await question(this.parts.store);
    } catch (error) {
      throw Object.assign(new EngineUnreachable(this.parts.pool.id, `its store failed (${String(error)})`), {
        cause: error,
      });
    }
  }

  private async loaded(): Promise<SimulatedTimeline> {
    const { pool } = this.parts;
    this.timeline ??= new SimulatedTimeline(pool, await this.ask((store) => store.alive(pool.id)));
    return this.timeline;
  }

  /** Forgets the living and takes them from the store, which has everything this instance changed. */
  private async readAgain(now: Instant): Promise<SimulatedTimeline> {
    this.timeline = null;
    const timeline = await this.loaded();
    timeline.advance(now);
    await this.writeThrough(timeline, now);
    return timeline;
  }

  /** The job of an attempt, dead or alive. A living one that only the store knew joins the timeline. */
  private async find(timeline: SimulatedTimeline, attemptId: string): Promise<SimulatedJob | null> {
    const alive = timeline.find(attemptId);
    if (alive !== null) return alive;
    const stored = isUuid(attemptId) ? await this.ask((store) => store.find(attemptId)) : null;
    if (stored !== null && stored.state !== 'ended') timeline.adopt(stored);
    return stored;
  }

  private async writeThrough(timeline: SimulatedTimeline, now: Instant): Promise<void> {
    const changes = timeline.takeChanges();
    if (changes.length === 0) return;
    await this.ask((store) => store.put(changes));
    for (const job of changes) if (job.state === 'ended') this.recent.add(job, Math.max(now, job.endedAt ?? now));
  }

  private noEndsYet(): RecentEnds {
    return new RecentEnds((since) => this.ask((store) => store.endedSince(this.parts.pool.id, since)));
  }
}

function told(job: SimulatedJob, now: Instant): EngineJob {
  const { attemptId, ref, endedAt, exitCode, nodeIds, stagedUntil } = job;
  const isStaging = job.state !== 'ended' && stagedUntil !== null && stagedUntil > now;
  const startedAt = isStaging ? null : job.startedAt;
  const facts = { attemptId, ref, startedAt, endedAt, exitCode, nodeIds };
  if (job.state === 'ended') {
    const state = job.outcome ?? job.ending;
    return state === 'timeout'
      ? { ...facts, state, detail: `limit of ${job.limitSeconds} s reached` }
      : { ...facts, state };
  }
  if (isStaging) return { ...facts, state: 'held', detail: `inputs are brought in until ${rfc3339(stagedUntil)}` };
  if (waitsForRoom(job)) return { ...facts, state: 'held', detail: 'released; waits for room on the nodes' };
  return { ...facts, state: job.state };
}
