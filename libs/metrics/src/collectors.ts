import type { Collector } from './collectors/collector.js';
import { energyCollector, gridCollector } from './collectors/energy.js';
import { jobCollector, queueCollector } from './collectors/jobs.js';
import { poolCollector } from './collectors/pools.js';
import {
  clockCollector,
  durableCollector,
  engineCollector,
  outboxCollector,
  overcommitCollector,
  schedulerCollector,
} from './collectors/service.js';
import { shareCollector, tenantCollector, usageCollector } from './collectors/usage.js';

/** In this order: the first one tells which pools there are. */
export const collectors: readonly Collector[] = [
  poolCollector,
  jobCollector,
  queueCollector,
  usageCollector,
  tenantCollector,
  shareCollector,
  energyCollector,
  gridCollector,
  schedulerCollector,
  engineCollector,
  overcommitCollector,
  outboxCollector,
  durableCollector,
  clockCollector,
];
