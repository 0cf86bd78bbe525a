import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { type CycleView, listedLosses } from '#libs/application';
import { rfc3339 } from '#libs/domain';
import { CursorSealer, Documented, pageOf } from '#libs/http';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API } from '../api-tokens.js';
import { TimeText, cursorField, limitField, pageSchema } from '../schemas/common.js';

const Count = z.int().min(0);
const CycleShown = z
  .strictObject({
    cycle: z.int().min(1),
    at: TimeText,
    recordedAt: z.iso
      .datetime({ offset: true })
      .meta({ description: 'RFC 3339 time on the wall clock, by which it is kept' }),
    leader: z.int().meta({ description: 'Epoch of the scheduler that planned it' }),
    policy: z
      .strictObject({ sha256: z.string(), name: z.string() })
      .nullable()
      .meta({ description: 'What it was planned by; null: recorded before policies had versions' }),
    planSha256: z.string().meta({ description: 'Of what was decided, in canonical JSON; a replay must give it again' }),
    starts: Count,
    preemptions: Count,
    considered: Count.meta({ description: 'Jobs looked at' }),
    state: z
      .enum(['keyframe', 'deltas'])
      .meta({ description: 'Whether the whole state was kept, or what changed since the cycle before' }),
    sizeBytes: Count.meta({ description: 'Of what was kept, packed' }),
    replayable: z.boolean().meta({ description: 'Hashes of what is kept are checked when it is replayed' }),
    whyNot: z.enum(listedLosses).nullable().meta({
      description:
        'other-format: recorded by a version whose states this one does not read. superseded: another scheduler overwrote a cycle that it follows',
    }),
  })
  .meta({ id: 'Cycle' });
const CyclePage = pageSchema('CyclePage', CycleShown);
const CyclesQuery = z.strictObject({ limit: limitField, cursor: cursorField });
type CyclesQuery = z.infer<typeof CyclesQuery>;

/** What planning cycles did, and which of them `chusuan replay` can plan again. States name every tenant's jobs: not shown here. */
@Controller('v1/cycles')
export class CyclesController {
  constructor(
    @Inject(API) private readonly api: ApiDependencies,
    @Inject(CursorSealer) private readonly cursors: CursorSealer,
  ) {}

  @Get()
  @Documented({
    tag: 'service',
    summary: 'Planning cycles that are kept for replay, newest first',
    answers: { 200: { description: 'One page', schema: CyclePage } },
    problems: ['query-invalid', 'cursor-invalid'],
    roles: ['operator'],
  })
  async cycles(
    @Query({ schema: CyclesQuery }) query: CyclesQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof CyclePage>> {
    const shape = { list: 'cycles', filter: {} };
    const after = this.cursors.open(query.cursor, shape);
    const found = await this.api.cycles.cycles({ limit: query.limit, after });
    const items = found.items.map(cycleShown);
    return { ...pageOf({ items, after: found.nextCursor }, { sealer: this.cursors, shape }, reply), items };
  }
}

const cycleShown = (it: CycleView): z.infer<typeof CycleShown> => ({
  cycle: it.cycle,
  at: rfc3339(it.at),
  recordedAt: rfc3339(it.recordedWallMs),
  leader: it.epoch,
  policy: it.policy,
  planSha256: it.planSha256,
  starts: it.starts,
  preemptions: it.preemptions,
  considered: it.considered,
  state: it.state,
  sizeBytes: it.bytes,
  replayable: it.loss === null,
  whyNot: it.loss,
});
