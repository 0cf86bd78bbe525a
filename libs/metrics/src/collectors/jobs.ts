import { isOver, jobClasses, jobStates, refusals } from '#libs/domain';
import type { Collector } from './collector.js';

const liveStates = jobStates.filter((state) => !isOver(state));
const outcomes = ['completed', 'failed', 'timeout', 'cancelled'] as const;
const channels = ['api', 'cli', 'replay', 'sample'] as const;
const noPool = '';
const MS_PER_SECOND = 1_000;

export const jobCollector: Collector = {
  name: 'jobs',
  families: ['jobs', 'jobsFinished', 'jobsSubmitted'],
  async collect({ metrics }, into, { poolViews }) {
    for (const jobClass of jobClasses) {
      into.add('jobs', { pool: noPool, class: jobClass, state: 'queued' }, 0);
      for (const channel of channels) into.add('jobsSubmitted', { class: jobClass, channel }, 0);
      for (const { id: pool } of poolViews) {
        for (const state of liveStates) if (state !== 'queued') into.add('jobs', { pool, class: jobClass, state }, 0);
        for (const outcome of outcomes) into.add('jobsFinished', { pool, class: jobClass, outcome }, 0);
      }
    }
    const live = new Set<string>(liveStates);
    for (const row of await metrics.jobsByState())
      if (live.has(row.state)) into.add('jobs', { pool: row.pool, class: row.class, state: row.state }, row.jobs);
    for (const row of await metrics.jobsFinished())
      into.add('jobsFinished', { pool: row.pool, class: row.class, outcome: row.outcome }, row.jobs);
    for (const row of await metrics.jobsSubmitted())
      into.add('jobsSubmitted', { class: row.class, channel: row.channel }, row.jobs);
  },
};

export const queueCollector: Collector = {
  name: 'queue',
  families: ['queueDemand', 'queueOldest', 'queuePendingReason'],
  async collect({ metrics }, into) {
    for (const reason of refusals) into.add('queuePendingReason', { reason }, 0);
    for (const row of await metrics.pendingReasons()) into.add('queuePendingReason', { reason: row.refusal }, row.jobs);
    for (const jobClass of jobClasses) into.add('queueDemand', { class: jobClass, model: '' }, 0);
    for (const row of await metrics.queuedDemand())
      into.add('queueDemand', { class: row.class, model: row.model }, row.cards);
    for (const row of await metrics.oldestQueued())
      into.add('queueOldest', { pool: row.pool, class: row.class }, row.submittedAt / MS_PER_SECOND);
  },
};
