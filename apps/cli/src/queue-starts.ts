import type { ApiClient } from './api-client.js';
import { localTime } from './formats.js';

interface Waiting {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly class: string;
  readonly submittedAt: string;
}
interface Explained {
  readonly state: string;
  readonly refusal: { readonly code: string } | null;
  readonly evidence: { readonly ahead: number } | null;
  readonly estimatedStart: string | null;
  readonly basis: string | null;
  readonly pool: string | null;
  readonly promise: { readonly p50: string | null; readonly p90: string | null } | null;
}

/** When a waiting job was told that it starts. Times are RFC 3339; null: nothing was told yet. */
export interface QueueStart extends Waiting {
  readonly p50: string | null;
  readonly p90: string | null;
  /** The plan's point, without calibration. */
  readonly estimatedStart: string | null;
  readonly basis: string | null;
  readonly pool: string | null;
  /** 1 is tried first; null before the first plan that saw it. */
  readonly place: number | null;
  readonly reason: string | null;
}

/** Requests under way at a time: the API limits how many a key may make in a second. */
const AT_ONCE = 4;

export interface QueuePage {
  readonly items: readonly QueueStart[];
  /** Null: nobody else waits. */
  readonly nextCursor: string | null;
}

/**
 * The jobs that wait, as far as the key may see them, soonest promise first: of one page, which is of those submitted last. Who
 * starts meanwhile is left out.
 */
export async function queueStarts(client: Pick<ApiClient, 'get'>, query: URLSearchParams): Promise<QueuePage> {
  query.set('state', 'queued');
  const { items, nextCursor } = await client.get<{
    readonly items: readonly Waiting[];
    readonly nextCursor: string | null;
  }>(`/v1/jobs?${query.toString()}`);
  const starts: QueueStart[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    const some = items.slice(from, from + AT_ONCE);
    const explained = await Promise.all(some.map(({ id }) => client.get<Explained>(`/v1/jobs/${id}/explanation`)));
    explained.forEach((one, i) => {
      if (one.state === 'queued') starts.push(startOf(some[i]!, one));
    });
  }
  starts.sort((a, b) => soonest(a) - soonest(b) || (a.place ?? UNKNOWN) - (b.place ?? UNKNOWN));
  return { items: starts, nextCursor };
}

function startOf({ id, tenant, name, class: jobClass, submittedAt }: Waiting, told: Explained): QueueStart {
  return {
    id,
    tenant,
    name,
    class: jobClass,
    submittedAt,
    p50: told.promise?.p50 ?? null,
    p90: told.promise?.p90 ?? null,
    estimatedStart: told.estimatedStart,
    basis: told.basis,
    pool: told.pool,
    place: told.evidence ? told.evidence.ahead + 1 : null,
    reason: told.refusal?.code ?? null,
  };
}

// Later than any time; finite, so that two of them differ by zero.
const UNKNOWN = 8.64e15;
const soonest = ({ p50, estimatedStart }: QueueStart): number => {
  const told = p50 ?? estimatedStart;
  return told === null ? UNKNOWN : Date.parse(told);
};

export const queueStartHeads = ['ID', 'TENANT', 'NAME', 'PLACE', 'P50', 'P90', 'PLAN', 'POOL', 'REASON'] as const;

export const queueStartRows = (starts: readonly QueueStart[]): string[][] =>
  starts.map((start) => [
    start.id,
    start.tenant,
    start.name,
    start.place === null ? '-' : String(start.place),
    localTime(start.p50),
    localTime(start.p90),
    localTime(start.estimatedStart),
    start.pool ?? '-',
    start.reason ?? '-',
  ]);
