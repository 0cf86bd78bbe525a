import fc from 'fast-check';
import { JobKinds } from './job-kinds.js';
import { type OrderName, orderNames } from './model.js';
import { orderOf } from './order.js';
import { aJob } from './testing/builders.js';
import { WaitingQueue } from './waiting-queue.js';

const ground = { candidates: [], version: 0 };
const tenants = ['a', 'b', 'c'].map((id, index) => ({ id, parentId: null, weight: 1, usage: index }));
const NOW = 5000;

const anyJob = fc.record({
  limit: fc.integer({ min: 1, max: 9 }),
  nodes: fc.integer({ min: 1, max: 4 }),
  submittedAt: fc.integer({ min: 0, max: NOW }),
  tenantId: fc.constantFrom('a', 'b', 'c'),
  priority: fc.integer({ min: 0, max: 3 }),
});

function orderedIds(queue: WaitingQueue): string[] {
  const cursor = queue.cursor(NOW);
  const ids: string[] = [];
  for (let slot = cursor.next(); slot >= 0; slot = cursor.next()) ids.push(queue.job(slot).id);
  return ids;
}

describe('waiting queue', () => {
  it.each(orderNames)('under %s, however jobs came and went, walks them as a plain sort would', (name: OrderName) => {
    const order = orderOf(name, tenants);
    fc.assert(
      fc.property(fc.array(anyJob, { maxLength: 60 }), fc.func(fc.boolean()), (drafts, isWithdrawn) => {
        const jobs = drafts.map((draft, sequence) => aJob(`job-${sequence}`, { ...draft, sequence }));
        const queue = new WaitingQueue(new JobKinds(ground), order);
        for (const job of jobs) {
          queue.add(job);
          if (job.sequence % 7 === 0) orderedIds(queue);
        }
        for (const job of jobs) if (isWithdrawn(job.sequence)) queue.remove(job.id);
        const left = jobs.filter((job) => !isWithdrawn(job.sequence));
        const key = (job: (typeof jobs)[number]): number =>
          order.waited ? order.waited(NOW - job.submittedAt, job.limit, job.nodes, order.first(job)) : order.first(job);
        left.sort((a, b) => key(a) - key(b) || order.second(a) - order.second(b) || a.sequence - b.sequence);
        expect(orderedIds(queue)).toEqual(left.map((job) => job.id));
      }),
      { numRuns: 50 },
    );
  });

  it('walks the fair order by band, then tenant, then submission', () => {
    const queue = new WaitingQueue(new JobKinds(ground), orderOf('fair', tenants));
    queue.add(aJob('late, light', { tenantId: 'a', submittedAt: 9 }));
    queue.add(aJob('early, heavy', { tenantId: 'c', submittedAt: 1 }));
    queue.add(aJob('early, light', { tenantId: 'a', submittedAt: 2 }));
    queue.add(aJob('urgent, heavy', { tenantId: 'c', submittedAt: 10, priority: 0 }));
    expect(orderedIds(queue)).toEqual(['urgent, heavy', 'early, light', 'late, light', 'early, heavy']);
    queue.reorder(orderOf('fair', [{ id: 'a', parentId: null, weight: 1, usage: 9 }, ...tenants.slice(1)]));
    expect(orderedIds(queue)).toEqual(['urgent, heavy', 'early, heavy', 'early, light', 'late, light']);
  });
});
