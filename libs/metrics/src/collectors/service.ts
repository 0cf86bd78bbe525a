import {
  conflictKinds,
  decisions,
  preemptionReasons,
  promiseKinds,
  reservationOutcomes,
  submissionRejections,
} from '#libs/application';
import { jobClasses } from '#libs/domain';
import { catalogue } from '../catalogue.js';
import type { DurableKey } from '../durable-counters.js';
import { hasExactly, type Samples } from '../samples.js';
import type { Collector } from './collector.js';

const MS_PER_SECOND = 1_000;

export const schedulerCollector: Collector = {
  name: 'scheduler',
  families: ['leader', 'fencingToken', 'lastCycle', 'replayOldest'],
  async collect({ metrics }, into) {
    const { holder, epoch } = await metrics.lease();
    into.add('leader', {}, holder === '' ? 0 : 1);
    into.add('fencingToken', {}, epoch);
    const last = await metrics.lastCycle();
    if (last !== null) into.add('lastCycle', {}, last.atWallMs / MS_PER_SECOND);
    const oldest = await metrics.oldestReplayable();
    if (oldest !== null) into.add('replayOldest', {}, oldest.atWallMs / MS_PER_SECOND);
  },
};

export const engineCollector: Collector = {
  name: 'engines',
  families: ['engineUp', 'reconcileLastSuccess'],
  async collect({ metrics }, into) {
    for (const { pool, engine, reachable, observedWallMs } of await metrics.engines()) {
      into.add('engineUp', { pool, engine }, reachable ? 1 : 0);
      if (observedWallMs !== null) into.add('reconcileLastSuccess', { pool }, observedWallMs / MS_PER_SECOND);
    }
  },
};

export const outboxCollector: Collector = {
  name: 'outbox',
  families: ['outboxPending'],
  async collect({ metrics }, into) {
    for (const kind of ['dispatch', 'cancel']) into.add('outboxPending', { kind }, 0);
    for (const [kind, messages] of Object.entries(await metrics.outboxPending()))
      into.add('outboxPending', { kind }, messages);
  },
};

export const overcommitCollector: Collector = {
  name: 'overcommit',
  families: ['poolOvercommittedNodes'],
  async collect({ metrics }, into, context) {
    for (const { id: pool } of context.poolViews) into.add('poolOvercommittedNodes', { pool }, 0);
    const found = new Map((await metrics.overcommits()).map(({ pool, nodes }) => [pool, nodes]));
    for (const [pool, nodes] of found) {
      into.add('poolOvercommittedNodes', { pool }, nodes);
      context.durable.add('poolOvercommitDetected', { pool }, nodes - (context.overcommitted.get(pool) ?? 0));
    }
    context.overcommitted = found;
  },
};

const durableKeys = [
  'jobsRejected',
  'decisions',
  'backfilledJobs',
  'preemptions',
  'conflicts',
  'reservationOccurrences',
  'policyReloadFailures',
  'promiseOutcomes',
  'poolOvercommitDetected',
] as const satisfies readonly DurableKey[];

export const durableCollector: Collector = {
  name: 'counters',
  families: durableKeys,
  async collect({ metrics }, into, { poolViews }) {
    zeros(
      into,
      poolViews.map(({ id }) => id),
    );
    const byName = new Map(durableKeys.map((key) => [catalogue[key].name as string, key]));
    for (const { name, labels, value } of await metrics.counters()) {
      const key = byName.get(name);
      // The table also holds the lists of names, and what another version counted under other labels.
      if (key !== undefined && hasExactly(labels, catalogue[key].labels)) into.addRow(key, labels, value);
    }
  },
};

function zeros(into: Samples, pools: readonly string[]): void {
  for (const reason of submissionRejections) into.add('jobsRejected', { reason }, 0);
  for (const decision of decisions) into.add('decisions', { decision }, 0);
  for (const kind of conflictKinds) into.add('conflicts', { kind }, 0);
  for (const outcome of reservationOutcomes) into.add('reservationOccurrences', { outcome }, 0);
  into.add('policyReloadFailures', {}, 0);
  for (const jobClass of jobClasses) {
    for (const kind of promiseKinds)
      for (const kept of ['true', 'false']) into.add('promiseOutcomes', { class: jobClass, kind, kept }, 0);
  }
  for (const pool of pools) {
    into.add('backfilledJobs', { pool }, 0);
    for (const reason of preemptionReasons) into.add('preemptions', { pool, reason }, 0);
    into.add('poolOvercommitDetected', { pool }, 0);
  }
}

export const clockCollector: Collector = {
  name: 'clock',
  families: ['clockRate'],
  async collect(sources, into, context) {
    const now = await sources.clock();
    into.add('clockRate', {}, now.rate);
    context.clock = now;
  },
};
