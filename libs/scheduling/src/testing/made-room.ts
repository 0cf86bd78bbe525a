import type { QueuedJob, RunningJob } from '../model.js';
import { aJob, anAttempt } from './builders.js';

/** When it is asked who makes room. */
export const NOW = 10_000;

/** The band of each who is put out is lower than that of the job that wants his nodes. */
export const preemption = { bandsBelow: 1, minRunSeconds: 600, maxPreemptors: 8 };

/** A job that outranks all that are not urgent themselves. */
export const urgent = (over: Partial<QueuedJob> = {}): QueuedJob => aJob('urgent', { priority: 1, ...over });

/** A preemptible attempt of the lowest band that ends long after now. */
export const victim = (id: string, nodeIndices: number[], over: Partial<RunningJob> = {}): RunningJob =>
  anAttempt(id, 'g', {
    nodeIndices,
    priority: 3,
    preemptible: true,
    startedAt: NOW - 1000,
    endsBy: NOW + 50_000,
    ...over,
  });

/** At its second checkpoint, and would have up to four nodes. */
export const elastic = (id: string, nodeIndices: number[], over: Partial<RunningJob> = {}): RunningJob =>
  anAttempt(id, 'g', {
    nodeIndices,
    startedAt: NOW - 600,
    endsBy: NOW + 1000,
    checkpointInterval: 300,
    nodesMin: 1,
    nodesMax: 4,
    ...over,
  });
