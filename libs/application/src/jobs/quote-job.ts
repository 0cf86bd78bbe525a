import type { Instant, JobRequest } from '#libs/domain';
import type { QueuedJob } from '#libs/scheduling';
import type { Principal } from '../ports.js';
import { toSeconds } from '../service-time.js';
import type { Counterfactuals } from './counterfactuals.js';
import type { OptionPrices, QuoteDesk, QuoteOption } from './option-prices.js';
import { type TenantDirectory, completed, planned, predictedSecondsOf, type PredictingPorts } from './submit-job.js';
import type { WhatHelps } from './what-helps.js';

export type Quoted =
  | {
      readonly kind: 'quoted';
      readonly asOf: Instant;
      readonly tenant: string;
      readonly options: readonly QuoteOption[];
      /** Null when they were not asked for. */
      readonly counterfactuals: Counterfactuals | null;
    }
  | { readonly kind: 'tenant-needed'; readonly tenants: readonly string[] }
  | { readonly kind: 'tenant-unknown'; readonly tenant: string };

interface QuotePorts extends PredictingPorts {
  readonly desk: QuoteDesk;
  readonly tenants: TenantDirectory;
  readonly prices: OptionPrices;
  readonly whatHelps: Pick<WhatHelps, 'ofNew'>;
}

/** Answers where and when a job that is not submitted would run, what it would cost and how green it would be: the same planner, asked. */
export class QuoteJob {
  constructor(private readonly ports: QuotePorts) {}

  async execute(asked: {
    readonly principal: Principal;
    readonly tenant: string | null;
    readonly request: JobRequest;
    readonly now: Instant;
    /** Whether to say as well what one change to the request would do. */
    readonly counterfactuals?: boolean;
  }): Promise<Quoted> {
    const { principal, now } = asked;
    const id = asked.tenant ?? principal.tenantId;
    if (id === null) return { kind: 'tenant-needed', tenants: principal.tenants };
    const tenant = principal.tenants.includes(id) ? this.ports.tenants.find(id) : null;
    if (!tenant) return { kind: 'tenant-unknown', tenant: id };
    const { desk, whatHelps } = this.ports;
    await desk.refresh(now);
    const request = completed(asked.request, tenant);
    const predictedSeconds = await predictedSecondsOf(this.ports, tenant.id, request);
    const job = planned(request, tenant, { id: 'quote', sequence: Number.MAX_SAFE_INTEGER, now, predictedSeconds });
    const told = asked.counterfactuals ? await whatHelps.ofNew(job, { request, now, caller: principal.keyId }) : null;
    const options = told?.options ?? (await this.optionsOf(job, request, now));
    const counterfactuals = told && told.counterfactuals;
    return { kind: 'quoted', asOf: desk.asOf ?? now, tenant: tenant.id, options, counterfactuals };
  }

  private async optionsOf(job: QueuedJob, request: JobRequest, now: Instant): Promise<QuoteOption[]> {
    const { desk, prices } = this.ports;
    const options = await desk.quote(job, toSeconds(now));
    const list = await prices.at(now);
    return options.map((option) => list.price(option, request));
  }
}
