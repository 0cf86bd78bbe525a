import fc from 'fast-check';
import { JobKinds } from './job-kinds.js';
import { type OrderName, type QueuedJob, type Seconds, orderNames } from './model.js';
import { fairOrder, type JobOrder, orderOf } from './order.js';
import { aJob } from './testing/builders.js';
import { runs } from './testing/runs.js';
import { type Cursor, WaitingQueue } from './waiting-queue.js';

const tenantIds = ['a', 'b', 'c'] as const;
const LONGEST = 200_000;

/** The queue as one would write it without a thought of speed: an array that is sorted for each look. */
class PlainQueue {
  jobs: QueuedJob[] = [];

  constructor(public order: JobOrder) {}

  add(job: QueuedJob): void {
    this.remove(job.id);
    this.jobs.push(job);
  }

  remove(id: string): void {
    this.jobs = this.jobs.filter((job) => job.id !== id);
  }

  walk(now: Seconds): QueuedJob[] {
    const keys = new Map(this.jobs.map((job) => [job, this.keysOf(job, now)]));
    return this.jobs.toSorted((a, b) => {
      const [ofA, ofB] = [keys.get(a)!, keys.get(b)!];
      const at = ofA.findIndex((key, index) => key !== ofB[index]);
      return at < 0 ? 0 : ofA[at]! - ofB[at]!;
    });
  }

  private keysOf(job: QueuedJob, now: Seconds): number[] {
    const { order } = this;
    const first = order.first(job);
    if (order.waited) return [order.waited(now - job.submittedAt, job.limit, job.nodes, first), job.sequence];
    return [first, order.urgency?.(job, now).level ?? 0, order.second(job), job.sequence];
  }
}

type Ranks = readonly number[];
type Step =
  | { readonly act: 'add'; readonly id: string; readonly draft: Partial<QueuedJob> }
  | { readonly act: 'remove'; readonly id: string }
  | { readonly act: 'order'; readonly name: OrderName; readonly ranks: Ranks }
  | { readonly act: 'look'; readonly now: Seconds };

const orderWith = (name: OrderName, ranks: Ranks): JobOrder =>
  name === 'fair' ? fairOrder(new Map(tenantIds.map((id, index) => [id, ranks[index]!]))) : orderOf(name);

const anyId = fc.integer({ min: 0, max: 11 }).map((number) => `job-${number}`);
const anyTime = fc.integer({ min: 0, max: LONGEST });
const anyDraft = fc
  .record({
    limit: fc.integer({ min: 1, max: 5 }),
    predicted: fc.integer({ min: 1, max: 5 }),
    nodes: fc.integer({ min: 1, max: 3 }),
    submittedAt: fc.integer({ min: 0, max: 4 }),
    tenantId: fc.constantFrom(...tenantIds),
    priority: fc.integer({ min: 0, max: 1 }),
    deadline: fc.option(anyTime),
  })
  .map(({ deadline, ...rest }) => (deadline === null ? rest : { ...rest, deadline }));
// Two ranks for three tenants, so that lanes have to be merged; fair is taken as often as all others.
const anyOrder = fc.record({
  act: fc.constant('order' as const),
  name: fc.oneof(fc.constant<OrderName>('fair'), fc.constantFrom(...orderNames)),
  ranks: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 3, maxLength: 3 }),
});
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ act: fc.constant('add' as const), id: anyId, draft: anyDraft }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('remove' as const), id: anyId }) },
  { weight: 1, arbitrary: anyOrder },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('look' as const), now: anyTime }) },
);

const rest = (queue: WaitingQueue, cursor: Cursor): string[] => {
  const ids: string[] = [];
  for (let slot = cursor.next(); slot >= 0; slot = cursor.next()) ids.push(queue.job(slot).id);
  return ids;
};
const walked = (queue: WaitingQueue, now: Seconds): string[] => rest(queue, queue.cursor(now));
const idsOf = (jobs: readonly QueuedJob[]): string[] => jobs.map(({ id }) => id);

/** Takes the steps with both queues, and tells what each look at them showed. */
function lived(steps: readonly Step[], queue: WaitingQueue, plain: PlainQueue) {
  const looks: { got: string[]; want: string[] }[] = [];
  for (const [index, step] of steps.entries()) {
    if (step.act === 'add') {
      // Unique, and not in the order in which they come.
      const job = aJob(step.id, { ...step.draft, sequence: (index * 37) % 101 });
      queue.add(job);
      plain.add(job);
    } else if (step.act === 'remove') {
      queue.remove(step.id);
      plain.remove(step.id);
    } else if (step.act === 'order') {
      plain.order = orderWith(step.name, step.ranks);
      queue.reorder(plain.order);
    } else looks.push({ got: walked(queue, step.now), want: idsOf(plain.walk(step.now)) });
  }
  return looks;
}

const newPair = (runTimes: 'limit' | 'predicted' = 'limit') => {
  const order = orderWith('fair', [0, 1, 0]);
  return {
    queue: new WaitingQueue(new JobKinds({ candidates: [], version: 0 }), order, runTimes),
    plain: new PlainQueue(order),
  };
};
const anySteps = fc.array(anyStep, { maxLength: 80 });

describe('a queue beside an array that is sorted for each look', () => {
  it('shows the same whatever comes, goes, is ranked anew and comes to be pressing, at times in any order', () => {
    fc.assert(
      fc.property(anySteps, anyTime, (steps, now) => {
        const { queue, plain } = newPair();
        const looks = lived(steps, queue, plain);
        expect(looks.map(({ got }) => got)).toEqual(looks.map(({ want }) => want));
        expect(walked(queue, now)).toEqual(idsOf(plain.walk(now)));
        expect(queue.size).toBe(plain.jobs.length);
      }),
      { numRuns: runs(150) },
    );
  });

  it('gives each job a slot of its own, in which all that it was added with is to be found', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const { queue, plain } = newPair();
        lived(steps, queue, plain);
        const slots = plain.jobs.map(({ id }) => queue.slot(id)!);
        expect(new Set(slots).size).toBe(plain.jobs.length);
        expect(slots.map((slot) => queue.job(slot))).toEqual(plain.jobs);
        expect(slots.map((slot) => queue.limit(slot))).toEqual(plain.jobs.map(({ limit }) => limit));
        expect(slots.filter((slot) => slot >= queue.width)).toEqual([]);
        expect(idsOf(queue.all()).toSorted()).toEqual(idsOf(plain.jobs).toSorted());
      }),
      { numRuns: runs(50) },
    );
  });

  it('counts as many jobs in each kind as wait with its nodes', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const { queue, plain } = newPair();
        lived(steps, queue, plain);
        const counts = plain.jobs.map(({ id }) => queue.kind(queue.slot(id)!).waiting);
        expect(counts).toEqual(plain.jobs.map(({ nodes }) => plain.jobs.filter((job) => job.nodes === nodes).length));
      }),
      { numRuns: runs(50) },
    );
  });

  it('narrowed after some were seen, walks what is left as a plain filter would', () => {
    fc.assert(
      fc.property(anySteps, anyTime, fc.nat({ max: 6 }), (steps, now, seen) => {
        const { queue, plain } = newPair('predicted');
        lived(steps, queue, plain);
        const cursor = queue.cursor(now);
        for (let count = 0; count < seen; count++) cursor.next();
        const left = plain.walk(now).slice(seen);
        cursor.narrow(
          (kind) => kind.ask.nodes !== 2,
          (slot) => queue.limit(slot) > 2,
        );
        expect(rest(queue, cursor)).toEqual(idsOf(left.filter(({ nodes, limit }) => nodes !== 2 && limit > 2)));
      }),
      { numRuns: runs(100) },
    );
  });

  it('does not change before the turn that it tells', () => {
    fc.assert(
      fc.property(anySteps, anyTime, (steps, now) => {
        const { queue, plain } = newPair();
        const isFair = (step: Step): boolean => step.act !== 'order' || step.name === 'fair';
        lived(steps.filter(isFair), queue, plain);
        const turn = Math.min(queue.nextTurn(now), now + LONGEST);
        expect(turn).toBeGreaterThan(now);
        expect(idsOf(plain.walk(turn - 1))).toEqual(idsOf(plain.walk(now)));
      }),
      { numRuns: runs(100) },
    );
  });
});
