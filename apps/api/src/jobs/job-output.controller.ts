import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import type { Principal } from '#libs/application';
import { Authenticator, Caller, Documented, EventStreams, Problem } from '#libs/http';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API } from '../api-tokens.js';
import { jobEvent } from '../presenters/job.js';
import { JobEvents, JobLogs, type JobEvent } from './job-views.js';
import { findJob, jobIsOver, unknownJob } from './jobs.controller.js';

/** What the store tells at a time. */
const EVENT_BATCH = 1_000;
const EventsQuery = z.strictObject({ after: z.coerce.number().int().min(0).default(0) });
type EventsQuery = z.infer<typeof EventsQuery>;

/** What happens to a job, and what it writes. */
@Controller('v1/jobs/:id')
export class JobOutputController {
  constructor(
    @Inject(API) private readonly api: ApiDependencies,
    @Inject(EventStreams) private readonly streams: EventStreams,
    @Inject(Authenticator) private readonly authenticator: Authenticator,
  ) {}

  @Get('events')
  @Documented({
    tag: 'jobs',
    summary: 'What happened to the job, and what happens next',
    description:
      'Server-sent events: those of the past, then new ones as they come, until the job is over (event `end`). With Accept: application/json, a list of those of the past. Last-Event-ID or `after` goes on where a stream broke off.',
    answers: { 200: { description: 'Events', schema: JobEvents, mediaType: 'text/event-stream' } },
    problems: ['job-unknown', 'query-invalid', 'too-many-streams'],
    headers: [{ name: 'Last-Event-ID', description: 'The id of the last event seen' }],
  })
  async events(
    @Caller() principal: Principal,
    @Param('id') id: string,
    @Query({ schema: EventsQuery }) query: EventsQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const resumed = Number(reply.request.headers['last-event-id'] ?? query.after);
    let seen = Number.isSafeInteger(resumed) && resumed >= 0 ? resumed : query.after;
    const read = async (
      who: Principal,
    ): Promise<{ readonly events: readonly JobEvent[]; readonly over: boolean; readonly state: string }> => {
      // State before events: a job that is over by then has told its last event.
      const job = await findJob(this.api, who, id);
      const events = await this.api.jobs.events(who, id, seen);
      if (!events) throw unknownJob(id);
      seen = events.at(-1)?.id ?? seen;
      // A full batch may not be the last one.
      const over = jobIsOver(job) && events.length < EVENT_BATCH;
      return { events: events.map(jobEvent), over, state: job.state };
    };
    if (wantsJson(reply.request.headers.accept)) {
      const { events } = await read(principal);
      await reply.send({ items: events });
      return;
    }
    await this.streams.stream({ reply, keyId: principal.keyId }, async () => {
      // Asked anew each time, so that a key revoked meanwhile ends the stream.
      const { events, over, state } = await read(
        await this.authenticator.authenticate(reply.request.headers.authorization),
      );
      const told = events.map((event) => ({ id: String(event.id), event: event.kind, data: event }));
      return { events: over ? [...told, { event: 'end', data: { state } }] : told, over };
    });
  }

  @Get('logs')
  @Documented({
    tag: 'jobs',
    summary: 'Output of the current or last attempt',
    answers: { 200: { description: 'Standard output and standard error', schema: JobLogs } },
    problems: ['job-unknown', 'logs-not-kept', 'engine-unreachable'],
    roles: ['tenant', 'operator'],
  })
  async logs(@Caller() principal: Principal, @Param('id') id: string): Promise<z.infer<typeof JobLogs>> {
    const { placement } = await findJob(this.api, principal, id);
    if (!placement) throw new Problem('logs-not-kept', `Job ${id} has not been given nodes yet; there is no output.`);
    const engine = this.api.engines.of(placement.poolId);
    if (!engine?.logs) throw new Problem('logs-not-kept', `The engine of pool ${placement.poolId} keeps no output.`);
    const output = await engine.logs(placement.attemptId);
    if (!output)
      throw new Problem(
        'logs-not-kept',
        `The engine of pool ${placement.poolId} has no output of attempt ${placement.attemptId}.`,
      );
    return { attemptId: placement.attemptId, pool: placement.poolId, stdout: output.stdout, stderr: output.stderr };
  }
}

const wantsJson = (accept: string | undefined): boolean =>
  accept !== undefined && accept.includes('application/json') && !accept.includes('text/event-stream');
