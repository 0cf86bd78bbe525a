import { Body, Controller, Get, Inject, Put } from '@nestjs/common';
import { type PolicyActivation, type Principal, policyOrigins, versioned } from '#libs/application';
import { parsePolicy } from '#libs/config';
import { rfc3339 } from '#libs/domain';
import { Caller, Documented, Problem } from '#libs/http';
import { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API } from '../api-tokens.js';
import { TimeText } from '../schemas/common.js';

const Activation = z
  .strictObject({
    sha256: z.string().meta({ description: 'Of all that the policy says; cycles name it' }),
    name: z.string(),
    origin: z
      .enum(policyOrigins)
      .meta({ description: 'file: the policy file said it. applied: somebody gave it to the API' }),
    actor: z.string(),
    since: TimeText,
  })
  .meta({ id: 'PolicyActivation' });
const PolicyShown = z
  .strictObject({
    active: Activation.nullable().meta({ description: 'null: none was activated yet, and the default holds' }),
    policy: z.record(z.string(), z.unknown()).nullable().meta({ description: 'What it says, defaults filled in' }),
  })
  .meta({ id: 'ActivePolicy' });
const PolicyHistory = z
  .strictObject({ items: z.array(Activation), nextCursor: z.null() })
  .meta({ id: 'PolicyHistory' });
/** Its fields are checked by the reader of policy files, which tells every fault at once. */
const PolicyGiven = z
  .looseObject({ schema: z.literal('policy/v1') })
  .meta({ id: 'Policy', description: 'A policy as seeds/policy.yaml has it, in JSON' });

const readers = ['operator', 'planner', 'auditor'] as const;
const HISTORY_SHOWN = 200;

@Controller('v1/policy')
export class PolicyController {
  constructor(@Inject(API) private readonly api: ApiDependencies) {}

  @Get()
  @Documented({
    tag: 'service',
    summary: 'The policy that is planned by',
    answers: { 200: { description: 'The policy', schema: PolicyShown } },
    roles: [...readers],
  })
  async show(): Promise<z.infer<typeof PolicyShown>> {
    const [latest] = await this.api.policies.history(1);
    const policy = await this.api.policies.active();
    if (!latest || !policy) return { active: null, policy: null };
    const { planning, latencyStaleSeconds } = policy;
    return { active: activationShown(latest), policy: { ...planning, latencyStaleSeconds } };
  }

  @Get('history')
  @Documented({
    tag: 'service',
    summary: 'Which policy held when, newest first',
    answers: { 200: { description: 'The last 200 changes', schema: PolicyHistory } },
    roles: [...readers],
  })
  async history(): Promise<z.infer<typeof PolicyHistory>> {
    return { items: (await this.api.policies.history(HISTORY_SHOWN)).map(activationShown), nextCursor: null };
  }

  @Put()
  @Documented({
    tag: 'service',
    summary: 'Plan by this policy from the next cycle on, until the policy file changes or another is given',
    answers: { 200: { description: 'The policy as it holds now', schema: PolicyShown } },
    problems: [
      'body-malformed',
      'body-missing',
      'body-unsafe',
      'body-too-large',
      'media-type-unsupported',
      'request-invalid',
    ],
    roles: ['operator'],
  })
  async apply(
    @Caller() principal: Principal,
    @Body({ schema: PolicyGiven }) given: z.infer<typeof PolicyGiven>,
  ): Promise<z.infer<typeof PolicyShown>> {
    const parsed = parsePolicy('policy', JSON.stringify(given));
    if (parsed.kind === 'faults') {
      throw new Problem('request-invalid', 'The policy has faults; nothing was changed.', {
        errors: parsed.faults.map(({ path, problem, remedy }) => ({
          pointer: path === '' ? '#' : `#/${path.replaceAll('.', '/')}`,
          detail: `${problem}; ${remedy}`,
        })),
      });
    }
    const actor = `key:${principal.keyId}`;
    const policy = versioned(parsed.policy, this.api.policySha256);
    await this.api.policies.activate(policy, { origin: 'applied', actor, at: this.api.time.now() });
    this.api.onChange?.();
    return this.show();
  }
}

const activationShown = ({ sha256, name, origin, actor, since }: PolicyActivation): z.infer<typeof Activation> => ({
  sha256,
  name,
  origin,
  actor,
  since: rfc3339(since),
});
