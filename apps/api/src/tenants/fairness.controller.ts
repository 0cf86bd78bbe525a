import { Body, Controller, Get, Inject, Param, Put } from '@nestjs/common';
import type { Principal } from '#libs/application';
import type { ExchangeRate } from '#libs/domain';
import { Caller, Documented, Problem } from '#libs/http';
import type { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API, REFERENCE } from '../api-tokens.js';
import { figuresShown } from '../presenters/figures.js';
import type { Reference } from '../reference.js';
import { ExchangeRates, QuotaChange, QuotaShown, ShareShown, quotaShown, shareShown } from './share-views.js';

@Controller('v1')
export class FairnessController {
  constructor(
    @Inject(API) private readonly api: ApiDependencies,
    @Inject(REFERENCE) private readonly reference: () => Reference,
  ) {}

  @Get('exchange-rates')
  @Documented({
    tag: 'tenants',
    summary: 'How many reference cards each card counts for, from when on',
    answers: { 200: { description: 'The exchange table', schema: ExchangeRates } },
  })
  exchangeRates(): z.infer<typeof ExchangeRates> {
    const reference = this.reference();
    const rows = this.api.reference().exchangeRates;
    const now = this.api.time.now();
    return {
      reference: { model: 'ascend-910b', precision: 'fp16' },
      items: rows.map((row) => ({
        ...row,
        inForce: isInForce(row, rows, now),
        rate: figuresShown({ rate: row.rate }, reference)['rate']!,
      })),
      nextCursor: null,
    };
  }

  @Get('tenants/:id/share')
  @Documented({
    tag: 'tenants',
    summary: 'What a tenant’s share is, why, and who borrows from it',
    answers: { 200: { description: 'The share', schema: ShareShown } },
    problems: ['tenant-unknown'],
  })
  async share(@Caller() principal: Principal, @Param('id') id: string): Promise<z.infer<typeof ShareShown>> {
    const view = await this.api.explainShare.execute(principal, id, this.api.time.now());
    if (!view) throw unknownTenant(id);
    return shareShown(view);
  }

  @Get('tenants/:id/quota')
  @Documented({
    tag: 'tenants',
    summary: 'A tenant’s quota',
    answers: { 200: { description: 'The quota in force', schema: QuotaShown } },
    problems: ['tenant-unknown'],
  })
  async quota(@Caller() principal: Principal, @Param('id') id: string): Promise<z.infer<typeof QuotaShown>> {
    const quota = principal.tenants.includes(id) ? await this.api.fairness.quota(id) : null;
    if (!quota) throw unknownTenant(id);
    return quotaShown(quota);
  }

  @Put('tenants/:id/quota')
  @Documented({
    tag: 'tenants',
    summary: 'Set a tenant’s quota',
    description:
      'It takes the place of what the seeds say, as a whole, and seeding again leaves it alone. The quotas below a tenant are parts of its own: together they may not be more.',
    answers: { 200: { description: 'The quota in force', schema: QuotaShown } },
    problems: [
      'tenant-unknown',
      'quota-changed',
      'quota-over-promised',
      'body-malformed',
      'body-missing',
      'body-unsafe',
      'body-too-large',
      'media-type-unsupported',
      'request-invalid',
    ],
    roles: ['operator'],
  })
  async setQuota(
    @Caller() principal: Principal,
    @Param('id') id: string,
    @Body({ schema: QuotaChange }) { version, ...quota }: QuotaChange,
  ): Promise<z.infer<typeof QuotaShown>> {
    if (!principal.tenants.includes(id)) throw unknownTenant(id);
    const order = { tenantId: id, quota, at: this.api.time.now(), actor: `key:${principal.keyId}`, ifVersion: version };
    const set = await this.api.fairness.setQuota(order);
    if (set.kind === 'unknown') throw unknownTenant(id);
    if (set.kind === 'changed') {
      throw new Problem('quota-changed', `The quota of ${id} is at version ${set.version} by now, not ${version}.`);
    }
    if (set.kind === 'over-promised') {
      const { tenantId, cards, promised } = set;
      throw new Problem(
        'quota-over-promised',
        `The quotas below ${tenantId} would come to ${promised} reference cards, and it has ${cards}.`,
      );
    }
    this.api.onChange?.();
    return quotaShown(set.quota);
  }
}

function isInForce(row: ExchangeRate, rows: readonly ExchangeRate[], now: number): boolean {
  const startOf = ({ validFrom }: ExchangeRate): number => Date.parse(`${validFrom}T00:00:00+08:00`);
  const begun = rows.filter(
    ({ model, precision, validFrom }) =>
      model === row.model && precision === row.precision && Date.parse(`${validFrom}T00:00:00+08:00`) <= now,
  );
  return begun.includes(row) && begun.every((other) => startOf(other) <= startOf(row));
}

const unknownTenant = (id: string): Problem =>
  new Problem('tenant-unknown', `There is no tenant "${id}" that this key covers. See GET /v1/tenants.`);
