import { basename } from 'node:path';
import { loadSeeds, loadTraceMappings, readTrace, renderFaults, renderTraceFaults } from '#libs/config';
import type { Catalogue, Instant } from '#libs/domain';
import { type SampleJob, chooseMapping, readSwf, traceDemand } from '#libs/simulation';

/** What `chusuan dev --trace FILE --skip SECONDS` is to submit, by the functions that it uses itself. Times are relative to the origin. */
export class PlayedTrace {
  private constructor(
    readonly jobs: readonly SampleJob[],
    readonly catalogue: Catalogue,
  ) {}

  static async read(file: string, skipSeconds: number): Promise<PlayedTrace> {
    const [log, seeds, loaded] = await Promise.all([
      readTrace(file, (text) => readSwf(text, { mode: 'strict' })),
      loadSeeds('seeds'),
      loadTraceMappings('seeds/traces'),
    ]);
    if (log.kind === 'faults') throw new Error(renderTraceFaults(log));
    if (seeds.kind === 'faults') throw new Error(renderFaults(seeds.faults));
    if (loaded.kind === 'faults') throw new Error(renderFaults(loaded.faults));
    const mapping = chooseMapping(loaded.mappings, { file: basename(file), header: log.header });
    if (!mapping) throw new Error(`no mapping of seeds/traces fits ${file}`);
    const { jobs } = traceDemand(log.jobs, mapping, seeds.catalogue, { origin: 0, skipSeconds });
    return new PlayedTrace(jobs, seeds.catalogue);
  }

  /** How many jobs are submitted up to and at so many milliseconds of service time after the origin. */
  dueAfter(sinceOriginMs: number): number {
    const next = this.jobs.findIndex((job) => job.at > sinceOriginMs);
    return next < 0 ? this.jobs.length : next;
  }
}

/** A submitted job as it is stored, in the words of the trace. */
export interface PlayedJob {
  readonly traceJob: string;
  readonly sinceOriginMs: number;
  readonly tenant: string;
  readonly class: string;
  readonly nodes: number;
  readonly cards: number;
  readonly cores: number;
  readonly limitSeconds: number;
}
export const playedJob = ({ at, tenantId, request }: SampleJob): PlayedJob => ({
  traceJob: request.labels?.['traceJob'] ?? '',
  sinceOriginMs: at,
  tenant: tenantId,
  class: request.class,
  nodes: request.resources.nodes,
  cards: request.resources.acceleratorsPerNode,
  cores: request.resources.cpuCoresPerNode ?? 0,
  limitSeconds: request.timeLimitSeconds,
});

/** By the job's number in the log: batches of one moment may be stored in any order. */
export const byNumber = (jobs: readonly PlayedJob[]): readonly PlayedJob[] =>
  jobs.toSorted((a, b) => Number(a.traceJob) - Number(b.traceJob));

/** What the job ran for on the machine of the log, as far as its limit lets it. */
export const tracedRunSeconds = ({ request }: SampleJob): number =>
  Math.min(request.run.simulated?.runSeconds ?? 0, request.timeLimitSeconds);

export interface Look {
  readonly origin: Instant;
  readonly clock: Instant;
  readonly rate: number;
  readonly submitted: number;
  readonly waiting: number;
  readonly alive: number;
  readonly over: number;
}
/** One statement, so that the figures are of one moment. The clock is read last. */
export const lookSql = `
  select d.origin, c.rate, j.*, c.origin + (clock_timestamp() - c.wall_origin) * c.rate as clock
  from demand_run d, service_clock c,
    (select count(*)::int as submitted, count(*) filter (where state = 'queued')::int as waiting,
       count(*) filter (where state in ('placed', 'starting', 'running', 'cancelling'))::int as alive,
       count(*) filter (where state in ('completed', 'failed', 'timeout', 'cancelled', 'refused'))::int as over
     from job where channel = 'replay') j`;

export const playedSql = `
  select j.request->'labels'->>'traceJob' as "traceJob",
    (extract(epoch from j.submitted_at - d.origin) * 1000)::float8 as "sinceOriginMs", j.tenant_id as tenant, j.class, j.nodes, j.cards, j.cores,
    j.limit_seconds as "limitSeconds"
  from job j, demand_run d where j.channel = 'replay' order by j.submitted_at, j.sequence`;

/** Placements that no plan may make: on a group of the other sort, of another model, stack or architecture, or too small. */
export const misplacedSql = `
  select a.id, a.group_id, j.request->'resources' as asked from attempt a
  join job j on j.id = a.job_id join node_group g on g.id = a.group_id join pool p on p.id = g.pool_id
  where (j.cards > 0) <> (g.cards > 0) or j.cards > g.cards or j.cores > g.cores or j.memory_gib > g.memory_gib
    or a.nodes > g.node_count or not p.enabled or p.id <> a.pool_id
    or j.request->'resources'->'acceleratorModels' is not null and not j.request->'resources'->'acceleratorModels' ? g.accelerator_model
    or j.request->'resources'->>'architecture' <> g.architecture
    or j.cards > 0 and j.request->'resources'->>'stack' <> g.stack
  limit 5`;

/** Nodes and groups whose living attempts hold more than there is, or other than the counts that commits guard. */
export const overfullSql = `
  select n.id from node n left join lateral (
    select coalesce(sum(p.cards), 0) as cards, coalesce(sum(p.cores), 0) as cores, coalesce(sum(p.memory_gib), 0) as memory_gib
    from placement_node p join attempt a on a.id = p.attempt_id
    where p.node_id = n.id and a.placement = 'pinned' and a.state in ('placed', 'prepared', 'released', 'running')) held on true
  where held.cards > n.installed_cards or held.cores > n.installed_cores or held.memory_gib > n.installed_memory_gib
    or (held.cards, held.cores, held.memory_gib) is distinct from (n.used_cards, n.used_cores, n.used_memory_gib)
  union all
  select g.id from node_group g left join lateral (
    select coalesce(sum(nodes * cards), 0) as cards, coalesce(sum(nodes * cores), 0) as cores from attempt a
    where a.group_id = g.id and a.placement = 'delegated' and a.state in ('placed', 'prepared', 'released', 'running')) held on true
  where held.cards > g.node_count * g.cards or held.cores > g.node_count * g.cores
    or (held.cards, held.cores) is distinct from (g.allocated_cards, g.allocated_cores)
  limit 5`;
