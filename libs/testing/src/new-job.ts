import type { NewJob, Principal } from '#libs/application';
import { uuidv7, type JobRequest } from '#libs/domain';

let made = 0;
/** A uuidv7 that is new in this process; ids sort in the order they were made. */
export function aUuid(): string {
  made += 1;
  const count = [24, 16, 8, 0].map((shift) => (made >>> shift) & 0xff);
  return uuidv7(
    1_795_000_000_000 + made,
    new Uint8Array([process.pid & 0xff, (process.pid >> 8) & 0xff, 1, 2, 3, 4, ...count]),
  );
}

/** One node, one card, eight cores, 64 GiB and an hour for tenant `blue`, unless named otherwise. */
export function aNewJob(
  named: Partial<NewJob> &
    Pick<Partial<JobRequest>, 'constraints' | 'inputs' | 'flexibility'> & { nodesMax?: number } = {},
): NewJob {
  const { constraints, inputs, flexibility, nodesMax, ...rest } = named;
  const perNode = named.perNode ?? { cards: 1, cores: 8, memoryGiB: 64 };
  const request: JobRequest = {
    name: named.name ?? 'fold',
    class: 'training',
    resources: {
      nodes: named.nodes ?? 1,
      ...(nodesMax !== undefined && { nodesMax }),
      ...(perNode.cards > 0 && perNode.cards < 1
        ? { acceleratorsPerNode: 1, acceleratorFraction: perNode.cards }
        : { acceleratorsPerNode: perNode.cards }),
    },
    timeLimitSeconds: named.limitSeconds ?? 3600,
    ...(inputs && { inputs }),
    ...(constraints && { constraints }),
    ...(flexibility && { flexibility }),
    run: { image: 'registry.local/fold:1', command: ['fold'] },
  };
  return {
    id: aUuid(),
    tenantId: 'blue',
    name: request.name,
    class: request.class,
    priority: 2,
    request,
    nodes: request.resources.nodes,
    perNode,
    limitSeconds: request.timeLimitSeconds,
    predictedSeconds: Math.min(1800, request.timeLimitSeconds),
    submittedAt: Date.parse('2026-11-22T02:00:00Z'),
    channel: 'api',
    sample: false,
    ...rest,
  };
}

/** The key of one tenant. */
export const tenantKey = (tenantId: string): Principal => ({
  keyId: `key-of-${tenantId}`,
  role: 'tenant',
  tenantId,
  tenants: [tenantId],
});
/** A key of the bureau that covers these tenants. */
export const operatorKey = (tenants: readonly string[]): Principal => ({
  keyId: 'operator-key',
  role: 'operator',
  tenantId: null,
  tenants,
});
