import { type DataLevel, type Instant, type JobRequest, type NodeShape, type Refusal, dataLevels } from '#libs/domain';
import { type Admission, type PlanningPolicy, type QueuedJob, predictorOf } from '#libs/scheduling';
import type { JobInstruments, SubmissionRejection } from '../instruments.js';
import type { IdSource, JobStore, NewJob, Principal } from '../ports.js';
import { toSeconds } from '../service-time.js';

/** Host resources that come with each card, or with a job without cards, when the request names none. */
const CORES_PER_CARD = 4;
const GIB_PER_CARD = 16;
const CORES_WITHOUT_CARDS = 1;
const GIB_PER_CORE = 2;

export interface SubmittingTenant {
  readonly id: string;
  readonly homeDistrict: string;
  readonly priority: number;
  readonly maxDataLevel: DataLevel;
  readonly sample: boolean;
}
export interface TenantDirectory {
  find(id: string): SubmittingTenant | null;
}
/** The planner's word on whether any pool could ever hold the job. */
export interface AdmissionDesk {
  admit(job: QueuedJob): Promise<Admission>;
}

export interface Submission {
  readonly principal: Principal;
  readonly tenant: string | null;
  readonly request: JobRequest;
  readonly now: Instant;
  readonly channel: 'api' | 'cli';
  readonly idempotency: { readonly key: string; readonly fingerprint: Uint8Array } | null;
}
export type Submitted =
  | { readonly kind: 'queued'; readonly status: 201; readonly body: QueuedBody }
  | { readonly kind: 'replayed'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'key-reused' }
  | { readonly kind: 'tenant-needed'; readonly tenants: readonly string[] }
  | { readonly kind: 'tenant-unknown'; readonly tenant: string }
  | { readonly kind: 'role-forbidden' }
  | { readonly kind: 'data-level-above-tenant'; readonly asked: DataLevel; readonly allowed: DataLevel }
  | {
      readonly kind: 'impossible';
      readonly refusal: Refusal;
      readonly admission: Extract<Admission, { kind: 'refused' }>;
    };
export interface QueuedBody {
  readonly id: string;
  readonly state: 'queued';
  readonly tenant: string;
  readonly submittedAtMs: Instant;
}

interface SubmitPorts extends Pick<PredictingPorts, 'policy'> {
  readonly store: JobStore;
  readonly tenants: TenantDirectory;
  readonly desk: AdmissionDesk;
  readonly ids: IdSource;
  readonly instruments: JobInstruments;
}

/** Takes a validated request into the queue, once for each idempotency key; refuses at once what no pool could ever run. */
export class SubmitJob {
  constructor(private readonly ports: SubmitPorts) {}

  async execute(submission: Submission): Promise<Submitted> {
    const decided = await this.decide(submission);
    const outcome = await this.asSaidBefore(submission, decided);
    if (outcome.kind !== 'queued' && outcome.kind !== 'replayed') {
      this.ports.instruments.rejected(rejectionOf(outcome));
    }
    return outcome;
  }

  /** A retry is answered as the first time, also when the job would be refused by now: its pool may be gone, but the job is there. */
  private async asSaidBefore({ principal, idempotency }: Submission, decided: Submitted): Promise<Submitted> {
    const wasAsked = ['queued', 'replayed', 'key-reused'].includes(decided.kind);
    if (idempotency === null || wasAsked) return decided;
    return (await this.ports.store.replayOf(principal, idempotency)) ?? decided;
  }

  private async decide(submission: Submission): Promise<Submitted> {
    const { principal, now, channel, idempotency } = submission;
    if (principal.role !== 'tenant' && principal.role !== 'operator') return { kind: 'role-forbidden' };
    const tenant = this.resolveTenant(principal, submission.tenant);
    if ('kind' in tenant) return tenant;
    const request = completed(submission.request, tenant);
    const level = request.constraints?.dataLevel ?? 'general';
    if (dataLevels.indexOf(level) > dataLevels.indexOf(tenant.maxDataLevel)) {
      return { kind: 'data-level-above-tenant', asked: level, allowed: tenant.maxDataLevel };
    }
    const id = this.ports.ids.uuid();
    const queued = planned(request, tenant, { id, sequence: Number.MAX_SAFE_INTEGER, now });
    const admission = await this.ports.desk.admit(queued);
    if (admission.kind === 'refused') return { kind: 'impossible', refusal: admission.refusal, admission };
    const body: QueuedBody = { id, state: 'queued', tenant: tenant.id, submittedAtMs: now };
    const predictedSeconds = await predictedSecondsOf(this.ports, tenant.id, request);
    const job = newJob(request, tenant, { id, now, channel, predictedSeconds });
    const stored = await this.ports.store.submit(
      principal,
      job,
      idempotency && {
        owner: principal.tenantId ?? `key:${principal.keyId}`,
        key: idempotency.key,
        fingerprint: idempotency.fingerprint,
        status: 201,
        body,
      },
    );
    return stored.kind === 'stored' ? { kind: 'queued', status: 201, body } : stored;
  }

  private resolveTenant(
    principal: Principal,
    asked: string | null,
  ): SubmittingTenant | Extract<Submitted, { kind: 'tenant-needed' | 'tenant-unknown' }> {
    const id = asked ?? principal.tenantId;
    if (id === null) return { kind: 'tenant-needed', tenants: principal.tenants };
    // A tenant outside the key's reach is as unknown as one that does not exist: its existence is nobody else's business.
    const tenant = principal.tenants.includes(id) ? this.ports.tenants.find(id) : null;
    return tenant ?? { kind: 'tenant-unknown', tenant: id };
  }
}

export interface PredictingPorts {
  readonly store: Pick<JobStore, 'lastRuns'>;
  /** The one in force. */
  readonly policy: () => Pick<PlanningPolicy, 'predictor'>;
}

/** How long it is predicted to run, by the tenant's last runs of the class. */
export async function predictedSecondsOf(
  { store, policy }: PredictingPorts,
  tenantId: string,
  request: JobRequest,
): Promise<number> {
  const predict = predictorOf(policy().predictor);
  return predict(await store.lastRuns(tenantId, request.class), request.timeLimitSeconds);
}

function rejectionOf(outcome: Exclude<Submitted, { kind: 'queued' | 'replayed' }>): SubmissionRejection {
  switch (outcome.kind) {
    case 'impossible':
      return outcome.refusal;
    case 'data-level-above-tenant':
      return 'data-level-not-allowed';
    case 'role-forbidden':
      return 'denied';
    case 'key-reused':
    case 'tenant-needed':
    case 'tenant-unknown':
      return 'invalid';
  }
}

/** The request with what it left open filled in, as it will be stored and shown back. */
export function completed(request: JobRequest, tenant: Pick<SubmittingTenant, 'homeDistrict'>): JobRequest {
  const { cores, memoryGiB } = hostShare(request.resources);
  return {
    ...request,
    resources: { ...request.resources, cpuCoresPerNode: cores, memoryGiBPerNode: memoryGiB },
    constraints: {
      ...request.constraints,
      dataLevel: request.constraints?.dataLevel ?? 'general',
      fromDistrict: request.constraints?.fromDistrict ?? tenant.homeDistrict,
    },
  };
}

function hostShare(resources: JobRequest['resources']): { cores: number; memoryGiB: number } {
  const cards = cardsPerNode(resources);
  const cores = resources.cpuCoresPerNode ?? (cards > 0 ? Math.ceil(cards * CORES_PER_CARD) : CORES_WITHOUT_CARDS);
  const memoryGiB = resources.memoryGiBPerNode ?? (cards > 0 ? Math.ceil(cards * GIB_PER_CARD) : cores * GIB_PER_CORE);
  return { cores, memoryGiB };
}

/** Whole cards, or a part of one. */
export const cardsPerNode = (resources: JobRequest['resources']): number =>
  resources.acceleratorFraction ?? resources.acceleratorsPerNode;

export const perNodeOf = (request: JobRequest): NodeShape => ({
  cards: cardsPerNode(request.resources),
  cores: request.resources.cpuCoresPerNode ?? 0,
  memoryGiB: request.resources.memoryGiBPerNode ?? 0,
});

/** A request as the planner sees it: for admission and for quotes. */
export function planned(
  request: JobRequest,
  tenant: Pick<SubmittingTenant, 'id' | 'priority'>,
  as: { readonly id: string; readonly sequence: number; readonly now: Instant; readonly predictedSeconds?: number },
): QueuedJob {
  const { resources, constraints, inputs, flexibility } = request;
  return {
    id: as.id,
    sequence: as.sequence,
    tenantId: tenant.id,
    class: request.class,
    priority: tenant.priority,
    submittedAt: toSeconds(as.now),
    nodes: resources.nodes,
    perNode: perNodeOf(request),
    limit: request.timeLimitSeconds,
    predicted: as.predictedSeconds ?? request.timeLimitSeconds,
    acceleratorModels: resources.acceleratorModels,
    minAcceleratorMemoryGiB: resources.minAcceleratorMemoryGiB,
    architecture: resources.architecture,
    stack: resources.stack,
    pools: constraints?.pools,
    maxLatencyMs: constraints?.maxLatencyMs,
    fromDistrict: constraints?.fromDistrict,
    dataLevel: constraints?.dataLevel ?? 'general',
    earliestStart: constraints?.earliestStartMs === undefined ? undefined : toSeconds(constraints.earliestStartMs),
    deadline: constraints?.deadlineMs === undefined ? undefined : toSeconds(constraints.deadlineMs),
    nodesMax: resources.nodesMax,
    dataSite: constraints?.dataSite,
    inputs: inputs?.map(({ site, sizeGiB }) => ({ siteId: site, sizeGiB })),
    minGreenShare: constraints?.minGreenShare,
    preemptible: flexibility?.preemptible,
    checkpointInterval: flexibility?.checkpointIntervalSeconds,
  };
}

export function newJob(
  request: JobRequest,
  tenant: SubmittingTenant,
  as: {
    readonly id: string;
    readonly now: Instant;
    readonly channel: NewJob['channel'];
    readonly predictedSeconds: number;
    readonly sample?: boolean;
  },
): NewJob {
  return {
    id: as.id,
    tenantId: tenant.id,
    name: request.name,
    class: request.class,
    priority: tenant.priority,
    request,
    nodes: request.resources.nodes,
    perNode: perNodeOf(request),
    limitSeconds: request.timeLimitSeconds,
    predictedSeconds: as.predictedSeconds,
    submittedAt: as.now,
    channel: as.channel,
    sample: as.sample ?? false,
  };
}
