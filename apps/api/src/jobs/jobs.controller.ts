import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { JobView, Principal, QueuedBody, Submitted } from '#libs/application';
import { isOver, isUuid, jobClasses, jobStates, type JobRequest, type JobState } from '#libs/domain';
import { Caller, CursorSealer, Documented, IdempotencyKey, Problem, fingerprintOf, pageOf } from '#libs/http';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API, REFERENCE } from '../api-tokens.js';
import { counterfactualsShown } from '../presenters/counterfactuals.js';
import { explanationOf, limitsLatency } from '../presenters/explanation.js';
import { jobAccepted, jobShown, jobSummary } from '../presenters/job.js';
import type { Reference } from '../reference.js';
import { Slug, cursorField, limitField } from '../schemas/common.js';
import { jobRequestOf } from './check-body.js';
import { JobBody } from './job-body.js';
import { Explanation, JobAccepted, JobCancelled, JobPage, JobShown } from './job-views.js';
import { submissionProblem } from './submission-problem.js';

const JobsQuery = z.strictObject({
  state: z.enum(jobStates as [JobState, ...JobState[]]).optional(),
  pool: Slug.optional(),
  class: z.enum(jobClasses).optional(),
  tenant: Slug.optional(),
  limit: limitField,
  cursor: cursorField,
});
type JobsQuery = z.infer<typeof JobsQuery>;

const ExplanationQuery = z.strictObject({
  counterfactuals: z.enum(['true', 'false']).optional().meta({
    description: 'Whether to say as well what one change to the request would do; default false',
  }),
});
type ExplanationQuery = z.infer<typeof ExplanationQuery>;

@Controller('v1/jobs')
export class JobsController {
  constructor(
    @Inject(API) private readonly api: ApiDependencies,
    @Inject(REFERENCE) private readonly reference: () => Reference,
    @Inject(CursorSealer) private readonly cursors: CursorSealer,
  ) {}

  @Post()
  @Documented({
    tag: 'jobs',
    summary: 'Submit a job',
    description:
      'Takes the job into the queue, or refuses at once what no pool could ever run. Repeating the request with the same Idempotency-Key gives the first answer again.',
    answers: { 201: { description: 'It is queued', schema: JobAccepted } },
    problems: [
      'body-malformed',
      'body-missing',
      'body-unsafe',
      'header-invalid',
      'body-too-large',
      'media-type-unsupported',
      'request-invalid',
      'not-offered',
      'tenant-needed',
      'tenant-out-of-reach',
      'data-level-above-tenant',
      'never-runnable',
      'idempotency-key-reused',
      'planner-not-ready',
    ],
    roles: ['tenant', 'operator'],
    headers: [
      { name: 'Idempotency-Key', description: 'Up to 255 printable characters; makes the submission safe to repeat' },
    ],
  })
  async submit(
    @Caller() principal: Principal,
    @IdempotencyKey() key: string | null,
    @Body({ schema: JobBody }) body: JobBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof JobAccepted>> {
    const outcome = await this.outcomeOf(principal, key, body);
    if (outcome.kind !== 'queued' && outcome.kind !== 'replayed') {
      if (outcome.kind === 'key-reused') this.api.instruments.idempotent('conflict');
      throw submissionProblem(outcome);
    }
    if (outcome.kind === 'replayed') {
      this.api.instruments.idempotent('replayed');
      void reply.header('Idempotent-Replayed', 'true');
    } else this.api.onChange?.();
    const accepted = jobAccepted(outcome.body as QueuedBody);
    void reply.header('Location', `/v1/jobs/${accepted.id}`);
    return accepted;
  }

  private async outcomeOf(principal: Principal, key: string | null, body: JobBody): Promise<Submitted> {
    const now = this.api.time.now();
    const idempotency = key === null ? null : { key, fingerprint: fingerprintOf('POST /v1/jobs', body) };
    let request: JobRequest;
    try {
      request = jobRequestOf(body, this.reference(), now);
    } catch (fault) {
      // A retry after its own deadline has passed, or after a pool is gone: what was accepted stays accepted.
      const before = idempotency && (await this.api.jobs.replayOf(principal, idempotency));
      if (before) return before;
      throw fault;
    }
    const tenant = body.tenant ?? null;
    return this.api.submitJob.execute({ principal, tenant, request, now, channel: 'api', idempotency });
  }

  @Get()
  @Documented({
    tag: 'jobs',
    summary: 'List jobs, newest first',
    answers: { 200: { description: 'One page', schema: JobPage } },
    problems: ['query-invalid', 'cursor-invalid', 'tenant-unknown', 'pool-unknown'],
  })
  async list(
    @Caller() principal: Principal,
    @Query({ schema: JobsQuery }) query: JobsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof JobPage>> {
    const { limit, cursor, ...filter } = query;
    if (filter.tenant !== undefined && !principal.tenants.includes(filter.tenant)) {
      throw new Problem('tenant-unknown', `Tenant "${filter.tenant}" does not exist, or the key does not cover it.`);
    }
    if (filter.pool !== undefined && !this.reference().poolIds.has(filter.pool)) {
      throw new Problem('pool-unknown', `There is no pool "${filter.pool}".`);
    }
    const shape = { list: 'jobs', filter };
    const after = this.cursors.open(cursor, shape);
    const jobs = await this.api.jobs.list(principal, filter, { limit: limit + 1, after });
    const shown = jobs.slice(0, limit);
    const reference = this.reference();
    const page = {
      items: shown.map((job) => jobSummary(job, reference)),
      after: jobs.length > limit ? (shown.at(-1)?.id ?? null) : null,
    };
    return { ...pageOf(page, { sealer: this.cursors, shape }, reply), items: page.items };
  }

  @Get(':id')
  @Documented({
    tag: 'jobs',
    summary: 'One job',
    answers: { 200: { description: 'The job', schema: JobShown } },
    problems: ['job-unknown'],
  })
  async get(@Caller() principal: Principal, @Param('id') id: string): Promise<JobShown> {
    const job = await findJob(this.api, principal, id);
    const promises = await this.api.promises.ofJob(principal, id);
    return jobShown(job, principal, { reference: this.reference(), promises });
  }

  @Post(':id/cancel')
  @Documented({
    tag: 'jobs',
    summary: 'Cancel a job',
    description: 'Safe to repeat: a job that is cancelled stays cancelled.',
    answers: {
      200: { description: 'It is cancelled', schema: JobCancelled },
      202: { description: 'Its engine was asked to end it', schema: JobCancelled },
    },
    problems: ['job-unknown', 'job-over'],
    roles: ['tenant', 'operator'],
  })
  async cancel(
    @Caller() principal: Principal,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof JobCancelled>> {
    const outcome = isUuid(id)
      ? await this.api.jobs.cancel(principal, id, this.api.time.now())
      : { kind: 'unknown' as const };
    if (outcome.kind === 'unknown') throw unknownJob(id);
    if (outcome.kind === 'over' && outcome.state !== 'cancelled') {
      throw new Problem('job-over', `Job ${id} is over (${outcome.state ?? 'ended'}); there is nothing to cancel.`, {
        members: { state: outcome.state },
      });
    }
    if (outcome.kind !== 'over') this.api.onChange?.();
    const state = outcome.kind === 'cancelling' ? 'cancelling' : 'cancelled';
    void reply.status(state === 'cancelling' ? 202 : 200);
    return { id, state };
  }

  @Get(':id/explanation')
  @Documented({
    tag: 'jobs',
    summary: 'Why the job waits, and what would change it',
    description:
      'With `counterfactuals=true` it tells as well what one change to the request would gain, as things stand now. One such ' +
      'question is worked out at a time, a few wait; beyond, it is answered with `what-ifs-busy`.',
    answers: { 200: { description: 'The explanation', schema: Explanation } },
    problems: ['job-unknown', 'query-invalid', 'planner-not-ready', 'what-ifs-busy'],
  })
  async explain(
    @Caller() principal: Principal,
    @Param('id') id: string,
    @Query({ schema: ExplanationQuery }) { counterfactuals }: ExplanationQuery,
  ): Promise<Explanation> {
    const job = await findJob(this.api, principal, id);
    const now = this.api.time.now();
    const reference = this.reference();
    const promises = await this.api.promises.ofJob(principal, id);
    const pools = limitsLatency(job) ? await this.api.catalogue.pools(now) : [];
    const explanation = explanationOf(job, { promises, now, reference, pools });
    if (counterfactuals !== 'true') return explanation;
    const told = await this.api.whatHelps.ofWaiting(job, { now, caller: principal.keyId });
    return { ...explanation, counterfactuals: counterfactualsShown(told, job.request as JobRequest, reference) };
  }
}

/** Throws job-unknown: for a job that is not there and for one of another tenant alike. */
export async function findJob(api: Pick<ApiDependencies, 'jobs'>, principal: Principal, id: string): Promise<JobView> {
  const job = isUuid(id) ? await api.jobs.get(principal, id) : null;
  if (!job) throw unknownJob(id);
  return job;
}
export const unknownJob = (id: string): Problem =>
  new Problem('job-unknown', `There is no job "${id}" that this key can see.`);
export const jobIsOver = (job: JobView): boolean => isOver(job.state);
