import { Body, Controller, Delete, Get, Inject, Param, Post } from '@nestjs/common';
import type { PowerCap, Principal } from '#libs/application';
import { DAY_MS, isUuid, rfc3339 } from '#libs/domain';
import { Caller, Documented, type FieldFault, Problem } from '#libs/http';
import { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API, REFERENCE } from '../api-tokens.js';
import { unknownId } from '../jobs/check-body.js';
import type { Reference } from '../reference.js';
import { bodyProblems } from './body-problems.js';
import { Slug, TimeText, printableText } from '../schemas/common.js';

const FARTHEST_MS = 366 * DAY_MS;

const PowerCapBody = z
  .strictObject({
    site: Slug,
    from: TimeText,
    until: TimeText,
    watts: z.int().min(0).max(1_000_000_000).meta({ description: 'IT load that the site may not pass, watts' }),
    reason: z.string().min(1).max(500).regex(printableText, { error: 'contains control characters' }).optional(),
  })
  .meta({ id: 'PowerCapRequest' });
type PowerCapBody = z.infer<typeof PowerCapBody>;

const PowerCapShown = z
  .strictObject({
    id: z.string(),
    site: z.string(),
    from: TimeText,
    until: TimeText,
    watts: z.int(),
    reason: z.string().nullable(),
    createdAt: TimeText,
  })
  .meta({ id: 'PowerCap' });
const PowerCapList = z
  .strictObject({ items: z.array(PowerCapShown), nextCursor: z.null() })
  .meta({ id: 'PowerCapList' });
const PowerCapLifted = z.strictObject({ id: z.string(), lifted: z.literal(true) }).meta({ id: 'PowerCapLifted' });

@Controller('v1/power-caps')
export class PowerCapsController {
  constructor(
    @Inject(API) private readonly api: ApiDependencies,
    @Inject(REFERENCE) private readonly reference: () => Reference,
  ) {}

  @Post()
  @Documented({
    tag: 'power caps',
    summary: 'Cap the IT load of a site for some hours',
    description:
      'Nothing starts that would bring the modelled load of the site above the cap while it stands: the idle draw of all its nodes, and what runs. ' +
      'Running work is not touched. Of caps that overlap the lowest holds.',
    answers: { 201: { description: 'It is set', schema: PowerCapShown } },
    problems: bodyProblems,
    roles: ['operator'],
  })
  async set(
    @Caller() principal: Principal,
    @Body({ schema: PowerCapBody }) body: PowerCapBody,
  ): Promise<z.infer<typeof PowerCapShown>> {
    const now = this.api.time.now();
    const faults = faultsOf(body, this.reference(), now);
    if (faults.length > 0) {
      throw new Problem('request-invalid', `${faults[0]?.pointer} ${faults[0]?.detail}`, { errors: faults });
    }
    const cap: PowerCap = {
      id: this.api.ids.uuid(),
      siteId: body.site,
      from: Date.parse(body.from),
      until: Date.parse(body.until),
      watts: body.watts,
      reason: body.reason ?? null,
      createdAt: now,
      createdBy: `key:${principal.keyId}`,
    };
    await this.api.powerCaps.set(cap);
    this.api.onChange?.();
    return capShown(cap);
  }

  @Get()
  @Documented({
    tag: 'power caps',
    summary: 'Caps that stand or are to come',
    answers: { 200: { description: 'The caps', schema: PowerCapList } },
  })
  async list(): Promise<z.infer<typeof PowerCapList>> {
    const caps = await this.api.powerCaps.list(this.api.time.now());
    return { items: caps.map(capShown), nextCursor: null };
  }

  @Delete(':id')
  @Documented({
    tag: 'power caps',
    summary: 'Lift a cap before its time',
    answers: { 200: { description: 'It is lifted', schema: PowerCapLifted } },
    problems: ['power-cap-unknown'],
    roles: ['operator'],
  })
  async lift(@Caller() principal: Principal, @Param('id') id: string): Promise<z.infer<typeof PowerCapLifted>> {
    const lifted = isUuid(id) && (await this.api.powerCaps.lift(id, this.api.time.now(), `key:${principal.keyId}`));
    if (!lifted)
      throw new Problem('power-cap-unknown', `There is no power cap "${id}" that stands. See GET /v1/power-caps.`);
    this.api.onChange?.();
    return { id, lifted: true };
  }
}

function faultsOf({ site, from, until }: PowerCapBody, reference: Reference, now: number): FieldFault[] {
  const faults: FieldFault[] = [];
  const [starts, ends] = [Date.parse(from), Date.parse(until)];
  if (!reference.siteIds.has(site)) {
    faults.push({ pointer: '#/site', detail: unknownId('site', site, reference.siteIds) });
  }
  if (ends <= starts) faults.push({ pointer: '#/until', detail: 'is not after from' });
  else if (ends <= now) faults.push({ pointer: '#/until', detail: `has passed: service time is ${rfc3339(now)}` });
  else if (ends > now + FARTHEST_MS) faults.push({ pointer: '#/until', detail: 'is more than 366 days ahead' });
  return faults;
}

const capShown = (cap: PowerCap): z.infer<typeof PowerCapShown> => ({
  id: cap.id,
  site: cap.siteId,
  from: rfc3339(cap.from),
  until: rfc3339(cap.until),
  watts: cap.watts,
  reason: cap.reason,
  createdAt: rfc3339(cap.createdAt),
});
