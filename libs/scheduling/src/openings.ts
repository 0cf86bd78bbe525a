import { compareKeys } from '#libs/domain';
import type { QueuedJob, WindowModel } from './model.js';

interface Opening {
  readonly id: string;
  readonly group: number;
  readonly openTo: NonNullable<WindowModel['openTo']>;
}

/**
 * Which windows are open to which jobs: booked reservations to their tenants and classes, claims to the one job that they are
 * kept for. What a window says is joined by "and": a booking for a tenant and a class is for jobs that are both.
 */
export class Openings {
  /** Changes whenever a window may be open to others than before. */
  version = 0;
  private openings: readonly Opening[] = [];
  private claimed: ReadonlyMap<string, { readonly group: number; readonly nodes: number }> = new Map();
  // By tenant and class, for windows that name no jobs.
  private readonly memo = new Map<string, boolean>();

  /** @param lineOf a tenant and those above it */
  constructor(private readonly lineOf: (tenantId: string) => readonly string[] = (tenantId) => [tenantId]) {}

  get isEmpty(): boolean {
    return this.openings.length === 0;
  }

  /** Replaces all windows; those open to nobody are none of our business. */
  set(windows: readonly WindowModel[], groupOf: (groupId: string) => number): void {
    const before = this.openings;
    this.openings = windows.flatMap(({ id, groupId, openTo }) =>
      openTo ? [{ id, group: groupOf(groupId), openTo }] : [],
    );
    this.claimed = new Map(
      windows.flatMap(({ kind, groupId, nodeIndices, openTo }) => {
        if (kind !== 'claim') return [];
        const claim = { group: groupOf(groupId), nodes: nodeIndices.length };
        return (openTo?.jobs ?? []).map((jobId) => [jobId, claim] as const);
      }),
    );
    this.memo.clear();
    if (before.length + this.openings.length > 0) this.version++;
  }

  /** Whether nodes are being vacated for the job. */
  hasClaim(jobId: string): boolean {
    return this.claimed.has(jobId);
  }

  /** Jobs for which nodes are being vacated, in which group and how many, in the order of their ids. */
  claims(): readonly { readonly jobId: string; readonly group: number; readonly nodes: number }[] {
    return Array.from(this.claimed, ([jobId, claim]) => ({ jobId, ...claim })).sort((a, b) =>
      compareKeys(a.jobId, b.jobId),
    );
  }

  /** After the tenants' tree has changed. */
  forget(): void {
    if (this.openings.length > 0) this.version++;
    this.memo.clear();
  }

  isOpenTo(job: QueuedJob): boolean {
    return this.openings.length > 0 && this.openings.some((opening) => this.admits(opening, job));
  }

  /** Windows of the group that the job may use; null when there is none. */
  windowsFor(job: QueuedJob, group: number): ReadonlySet<string> | null {
    if (this.openings.length === 0) return null;
    const ids = this.openings.flatMap((opening) =>
      opening.group === group && this.admits(opening, job) ? [opening.id] : [],
    );
    return ids.length > 0 ? new Set(ids) : null;
  }

  private admits({ id, openTo }: Opening, job: QueuedJob): boolean {
    if (openTo.jobs) return openTo.jobs.includes(job.id);
    const key = `${job.class} ${job.tenantId} ${id}`;
    let admitted = this.memo.get(key);
    if (admitted === undefined) {
      const isClass = !openTo.classes || openTo.classes.includes(job.class);
      admitted = isClass && (!openTo.tenants || this.lineOf(job.tenantId).some((id) => openTo.tenants!.includes(id)));
      this.memo.set(key, admitted);
    }
    return admitted;
  }
}
