import { Controller, Get, Inject, Res } from '@nestjs/common';
import { Documented, runChecks } from '#libs/http';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API } from '../api-tokens.js';

const Alive = z.strictObject({ status: z.literal('alive'), uptimeSeconds: z.number() }).meta({ id: 'Alive' });
const Readiness = z
  .strictObject({
    status: z.enum(['ready', 'not-ready']),
    checks: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string().nullable() })),
  })
  .meta({ id: 'Readiness' });

@Controller()
export class HealthController {
  constructor(@Inject(API) private readonly api: ApiDependencies) {}

  @Get('healthz')
  @Documented({
    tag: 'service',
    summary: 'Whether the process is alive',
    answers: { 200: { description: 'It is', schema: Alive } },
    roles: 'public',
  })
  alive(): z.infer<typeof Alive> {
    return { status: 'alive', uptimeSeconds: Math.round(process.uptime()) };
  }

  @Get('readyz')
  @Documented({
    tag: 'service',
    summary: 'Whether it can serve: database, migrations, planner',
    answers: {
      200: { description: 'Every check passed', schema: Readiness },
      503: { description: 'A check failed; detail tells which and why', schema: Readiness },
    },
    roles: 'public',
  })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<z.infer<typeof Readiness>> {
    const { ready, checks } = await runChecks(this.api.checks);
    void reply.status(ready ? 200 : 503);
    return { status: ready ? 'ready' : 'not-ready', checks: [...checks] };
  }
}
