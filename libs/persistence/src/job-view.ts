import type { JobView } from '#libs/application';
import type { JobState, Refusal, SharingKind } from '#libs/domain';
import type { Evidence } from '#libs/scheduling';

/** A job with its last placement and, while it waits, why it waits. A queued job has no placement, whatever was tried before. */
export const selectJobView = `
  select j.id, j.tenant_id, j.name, j.class, j.state, j.request, j.sample, j.channel, j.submitted_at, j.started_at,
    j.ended_at, j.exit_code, j.detail, j.attempts,
    a.id as attempt_id, a.pool_id, a.group_id, a.state as attempt_state, a.placed_at, a.started_at as attempt_started_at,
    a.ends_by, a.backfilled, a.staging_seconds, a.staging_until,
    array(select p.node_id from placement_node p where p.attempt_id = a.id order by p.node_id) as node_ids,
    (select json_agg(p.devices order by p.node_id) from placement_node p where p.attempt_id = a.id and p.devices is not null) as devices,
    a.held_milli, g.sharing_kind,
    v.refusal, v.estimated_start, v.basis, v.pool_id as verdict_pool_id, v.evidence, v.cycle, v.decided_at
  from job j
  left join lateral (
    select t.* from attempt t where t.job_id = j.id and j.state <> 'queued' order by t.number desc limit 1
  ) a on true
  left join node_group g on g.id = a.group_id
  left join job_verdict v on v.job_id = j.id and j.state = 'queued'`;

interface PlacementColumns {
  readonly attempt_id: string | null;
  readonly pool_id: string;
  readonly group_id: string;
  readonly attempt_state: string;
  readonly placed_at: number;
  readonly attempt_started_at: number | null;
  readonly ends_by: number;
  readonly backfilled: boolean;
  readonly staging_seconds: number;
  readonly staging_until: number | null;
  readonly node_ids: readonly string[];
  readonly devices: readonly (readonly number[])[] | null;
  readonly held_milli: number;
  readonly sharing_kind: SharingKind | null;
}
interface VerdictColumns {
  readonly refusal: Refusal | null;
  readonly estimated_start: number | null;
  readonly basis: string;
  readonly verdict_pool_id: string | null;
  readonly evidence: Evidence;
  readonly cycle: number;
  readonly decided_at: number;
}
export interface JobRow extends PlacementColumns, VerdictColumns {
  readonly id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly class: string;
  readonly state: JobState;
  readonly request: unknown;
  readonly sample: boolean;
  readonly channel: string;
  readonly submitted_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly exit_code: number | null;
  readonly detail: string | null;
  readonly attempts: number;
}

export function jobViewOf(row: JobRow): JobView {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    class: row.class,
    state: row.state,
    request: row.request,
    sample: row.sample,
    channel: row.channel,
    submittedAt: row.submitted_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    exitCode: row.exit_code,
    detail: row.detail,
    attempts: row.attempts,
    placement: placementOf(row),
    verdict: verdictOf(row),
  };
}

function placementOf(row: PlacementColumns): JobView['placement'] {
  if (row.attempt_id === null) return null;
  return {
    attemptId: row.attempt_id,
    poolId: row.pool_id,
    groupId: row.group_id,
    nodeIds: row.node_ids,
    sharing:
      row.devices && row.sharing_kind ? { kind: row.sharing_kind, milli: row.held_milli, devices: row.devices } : null,
    state: row.attempt_state,
    placedAt: row.placed_at,
    startedAt: row.attempt_started_at,
    endsBy: row.ends_by,
    backfilled: row.backfilled,
    staging: row.staging_until === null ? null : { seconds: row.staging_seconds, until: row.staging_until },
  };
}

function verdictOf(row: VerdictColumns): JobView['verdict'] {
  if (row.refusal === null) return null;
  return {
    refusal: row.refusal,
    estimatedStart: row.estimated_start,
    basis: row.basis,
    poolId: row.verdict_pool_id,
    evidence: row.evidence,
    cycle: row.cycle,
    decidedAt: row.decided_at,
  };
}
