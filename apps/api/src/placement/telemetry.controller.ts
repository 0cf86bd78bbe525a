import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import type { LatencyProbe, Principal } from '#libs/application';
import { DAY_MS, type Instant, rfc3339 } from '#libs/domain';
import { Caller, Documented, type FieldFault, NOT_OFFERED, Problem } from '#libs/http';
import { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API, REFERENCE } from '../api-tokens.js';
import { unknownId } from '../jobs/check-body.js';
import type { Reference } from '../reference.js';
import { bodyProblems } from './body-problems.js';
import { Slug, TimeText, printableText } from '../schemas/common.js';

const MOST_READINGS = 1_000;
/** Older probes would be stale as they arrive. */
const OLDEST_MS = DAY_MS;
/** Clocks of probes may run ahead by as much. */
const AHEAD_MS = 60_000;
const laterKinds = ['node', 'meter'];

const Milliseconds = z.number().positive().max(10_000);
const Kind = z.literal('latency', {
  error: ({ input }) =>
    typeof input === 'string' && laterKinds.includes(input)
      ? `a reading of kind "${input}" ${NOT_OFFERED}`
      : 'is no kind of reading; there is latency',
});
const LatencyReading = z
  .strictObject({
    kind: Kind,
    fromDistrict: Slug,
    pool: Slug,
    oneWayMs: Milliseconds.optional().meta({ description: 'One-way milliseconds; or rttMs' }),
    rttMs: Milliseconds.optional().meta({ description: 'Round trip, milliseconds: half of it counts' }),
    method: z
      .string()
      .min(1)
      .max(100)
      .regex(printableText, { error: 'contains control characters' })
      .meta({ description: 'How it was measured: twamp, ping, tcp-connect …' }),
    at: TimeText.optional().meta({ description: 'When it was measured; default now. At most 24 hours ago' }),
  })
  .meta({ id: 'LatencyReading' });
const TelemetryBody = z
  .strictObject({ readings: z.array(LatencyReading).min(1).max(MOST_READINGS) })
  .meta({ id: 'TelemetryRequest' });
type TelemetryBody = z.infer<typeof TelemetryBody>;
const TelemetryTaken = z.strictObject({ accepted: z.int() }).meta({ id: 'TelemetryTaken' });

@Controller('v1/telemetry')
export class TelemetryController {
  constructor(
    @Inject(API) private readonly api: ApiDependencies,
    @Inject(REFERENCE) private readonly reference: () => Reference,
  ) {}

  @Post()
  @HttpCode(200)
  @Documented({
    tag: 'telemetry',
    summary: 'Readings, many at a time: all are taken or none',
    description:
      'Readings of kind latency; other kinds are refused as not offered. The median of the probes that are younger than the policy allows ' +
      '(`latencyStaleSeconds`, a day unless it says otherwise) goes before what is assumed; when all are older, what is assumed counts again and ' +
      'is flagged as stale (noticed at the turn of the hour).',
    answers: { 200: { description: 'They are taken', schema: TelemetryTaken } },
    problems: [...bodyProblems, 'not-offered'],
    roles: ['operator'],
  })
  async take(
    @Caller() principal: Principal,
    @Body({ schema: TelemetryBody }) { readings }: TelemetryBody,
  ): Promise<z.infer<typeof TelemetryTaken>> {
    const now = this.api.time.now();
    const faults = readings.flatMap((reading, index) => faultsOf(reading, this.reference(), now).map(at(index)));
    if (faults.length > 0) {
      throw new Problem('request-invalid', `${faults[0]?.pointer} ${faults[0]?.detail}`, {
        errors: faults.slice(0, 50),
      });
    }
    const probes = readings.map((reading): LatencyProbe => ({
      fromDistrict: reading.fromDistrict,
      poolId: reading.pool,
      oneWayMs: reading.oneWayMs ?? (reading.rttMs ?? 0) / 2,
      method: reading.method,
      at: reading.at === undefined ? now : Date.parse(reading.at),
    }));
    await this.api.latencies.record(probes, `key:${principal.keyId}`, now);
    this.api.onChange?.();
    return { accepted: probes.length };
  }
}

type Reading = TelemetryBody['readings'][number];
const at =
  (index: number) =>
  ({ pointer, ...fault }: FieldFault): FieldFault => ({ ...fault, pointer: `#/readings/${index}/${pointer}` });

function faultsOf(reading: Reading, reference: Reference, now: Instant): FieldFault[] {
  const faults: FieldFault[] = [];
  const fault = (pointer: string, detail: string): void => void faults.push({ pointer, detail });
  if (!reference.districtIds.has(reading.fromDistrict)) {
    fault('fromDistrict', unknownId('district', reading.fromDistrict, reference.districtIds));
  }
  if (!reference.poolIds.has(reading.pool)) fault('pool', unknownId('pool', reading.pool, reference.poolIds));
  if ((reading.oneWayMs === undefined) === (reading.rttMs === undefined)) {
    fault('oneWayMs', 'give either oneWayMs or rttMs, not both and not neither');
  }
  if (reading.at === undefined) return faults;
  const measured = Date.parse(reading.at);
  if (measured > now + AHEAD_MS) fault('at', `is ahead of service time, which is ${rfc3339(now)}`);
  else if (measured < now - OLDEST_MS)
    fault('at', `is more than 24 hours before service time, which is ${rfc3339(now)}`);
  return faults;
}
