import type { CounterStore } from '#libs/application';
import { catalogue, type LabelsOf } from './catalogue.js';

type Increment = Parameters<CounterStore['add']>[0][number];
export type DurableKey =
  | 'jobsRejected'
  | 'decisions'
  | 'backfilledJobs'
  | 'preemptions'
  | 'conflicts'
  | 'reservationOccurrences'
  | 'policyReloadFailures'
  | 'promiseOutcomes'
  | 'poolOvercommitDetected';

/** Counts in memory and hands the sums to the database now and then: one write a flush, however much was counted. */
export class DurableCounters {
  private pending = new Map<string, Increment>();

  constructor(private readonly store: CounterStore) {}

  add<K extends DurableKey>(key: K, labels: LabelsOf<K>, by: number): void {
    if (by > 0) this.merge({ name: catalogue[key].name, labels, by });
  }

  /** Rejects when the store does; what was counted is kept for the next flush. */
  async flush(): Promise<void> {
    if (this.pending.size === 0) return;
    const taken = [...this.pending.values()];
    this.pending = new Map();
    try {
      await this.store.add(taken);
    } catch (error) {
      for (const increment of taken) this.merge(increment);
      throw error;
    }
  }

  private merge(increment: Increment): void {
    const id = JSON.stringify([increment.name, Object.entries(increment.labels)]);
    const sum = (this.pending.get(id)?.by ?? 0) + increment.by;
    this.pending.set(id, { ...increment, by: sum });
  }
}
