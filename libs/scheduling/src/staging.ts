import type { SiteLink } from '#libs/domain';
import type { Candidate } from './filters.js';
import type { LinkModel, PoolModel, QueuedJob } from './model.js';

const GBIT_PER_GIB = 8 * 1.073741824;
// A hair of slack, so that what takes a second to the last bit is not told as two.
const SLACK = 1e-9;

/** Every two sites of a link reach each other at its rate. */
export const linkModelsOf = ({ siteIds, gbitPerSecond }: Pick<SiteLink, 'siteIds' | 'gbitPerSecond'>): LinkModel[] =>
  siteIds.flatMap((fromSiteId, index) =>
    siteIds.slice(index + 1).map((toSiteId) => ({ fromSiteId, toSiteId, gbitPerSecond: gbitPerSecond.value })),
  );

/** Gbit/s to a site by the site at the other end. A link goes both ways; of several between two sites the fastest counts. */
export function linksOf(siteId: string, links: readonly LinkModel[]): ReadonlyMap<string, number> {
  const rates = new Map<string, number>();
  const offer = (other: string, rate: number): void => {
    if (rate > 0 && other !== siteId) rates.set(other, Math.max(rates.get(other) ?? 0, rate));
  };
  for (const { fromSiteId, toSiteId, gbitPerSecond } of links) {
    if (fromSiteId === siteId) offer(toSiteId, gbitPerSecond);
    else if (toSiteId === siteId) offer(fromSiteId, gbitPerSecond);
  }
  return rates;
}

/** GiB that a job wants from each site. */
export function inputsBySite(job: Pick<QueuedJob, 'inputs'>): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { siteId, sizeGiB } of job.inputs ?? []) sizes.set(siteId, (sizes.get(siteId) ?? 0) + sizeGiB);
  return sizes;
}

/** GiB that are not at the site of the group yet. */
export function gibibytesToMove(job: Pick<QueuedJob, 'inputs'>, { pool }: Pick<Candidate, 'pool'>): number {
  let sum = 0;
  for (const { siteId, sizeGiB } of job.inputs ?? []) if (siteId !== pool.siteId) sum += sizeGiB;
  return sum;
}

/**
 * Seconds that bringing all inputs to the site of the group takes over the declared links, rounded up. Inputs of one site share
 * its link one after the other; different sites send at the same time, each over its own link. 0 where everything is there
 * already, Infinity where a site has no link: the filter `no-link-to-inputs` has refused such a group before.
 */
export function stagingSeconds(
  job: Pick<QueuedJob, 'inputs'>,
  candidate: Pick<Candidate, 'links'> & { readonly pool: Pick<PoolModel, 'siteId'> },
): number {
  if (!job.inputs?.length) return 0;
  let longest = 0;
  for (const [siteId, sizeGiB] of inputsBySite(job)) {
    if (siteId === candidate.pool.siteId) continue;
    const rate = candidate.links?.get(siteId);
    if (rate === undefined) return Infinity;
    longest = Math.max(longest, Math.ceil((sizeGiB * GBIT_PER_GIB) / rate - SLACK));
  }
  return longest;
}
