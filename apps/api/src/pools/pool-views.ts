import { z } from 'zod';
import { nodeStates, sharingKinds } from '#libs/domain';
import { Figures, NodeShapeShown, Text, TimeText, pageSchema, printableText } from '../schemas/common.js';

const Amount = z.number().min(0);
const byUse = z
  .strictObject({
    free: Amount,
    allocated: Amount,
    reserved: Amount,
    drained: Amount,
    down: Amount,
    maintenance: Amount,
  })
  .meta({ id: 'CapacityByUse', description: 'Parts of what is installed; they sum to it' });

const Group = z
  .strictObject({
    id: z.string(),
    nodeType: z.string(),
    acceleratorModel: z.string().nullable(),
    acceleratorMemoryGiB: Amount,
    architecture: z.string(),
    stack: z.string(),
    nodeCount: z.int(),
    perNode: NodeShapeShown,
    fp16PflopsTotal: Amount,
    fp64PflopsTotal: Amount,
    nodesByState: z.strictObject({
      idle: Amount,
      allocated: Amount,
      mixed: Amount,
      drained: Amount,
      down: Amount,
      maintenance: Amount,
    }),
    cards: byUse,
    cores: byUse,
    memoryGiB: byUse,
    sharing: z
      .strictObject({ kind: z.enum(sharingKinds), slices: z.int(), cardsHeld: z.number() })
      .nullable()
      .meta({
        description:
          'Each card may be given out in so many slices; null: whole cards only. `cards` counts a card as allocated from its first ' +
          'slice on, `cardsHeld` what is held of them',
      }),
  })
  .meta({ id: 'NodeGroup' });

export const PoolShown = z
  .strictObject({
    id: z.string(),
    site: z.string(),
    name: Text,
    tier: z.string(),
    scope: z.enum(['managed', 'federated']),
    enabled: z.boolean(),
    engine: z.string(),
    plannedEngine: z.string().meta({ description: 'What will run the pool in production' }),
    simulated: z.boolean().meta({ description: 'Its engine is simulated: no real hardware runs its jobs' }),
    placement: z.enum(['pinned', 'delegated']),
    reachable: z.boolean(),
    observedAt: TimeText.nullable(),
    location: z.strictObject({ latitudeDegrees: z.number(), longitudeDegrees: z.number(), district: z.string() }),
    latencyOneWayMs: z
      .record(z.string(), z.number())
      .meta({ description: 'By district: measured where fresh probes say so, else assumed' }),
    latencyBasis: z.record(z.string(), z.enum(['measured', 'stale'])).meta({
      description:
        'By district. stale: it was measured, but too long ago; what is assumed counts again. Not there: assumed',
    }),
    dataLevels: z.array(z.string()),
    assumed: z
      .boolean()
      .meta({ description: 'A figure shown here is an assumption; figures tells which, and on what ground' }),
    figures: Figures,
    groups: z.array(Group),
    live: z.strictObject({
      nodes: z.int(),
      cards: z.int(),
      cardsAllocated: z.int(),
      coresAllocated: z.int(),
      runningAttempts: z.int(),
    }),
    lastHour: z
      .strictObject({
        hour: TimeText,
        itEnergyKwh: z.number(),
        facilityEnergyKwh: z.number(),
        greenShare: z
          .strictObject({ hourMatched: z.number(), volumetric: z.number(), gridAverage: z.number() })
          .meta({ id: 'GreenShares', description: 'Three figures of three kinds; never added' }),
        estimated: z.boolean(),
      })
      .nullable(),
  })
  .meta({ id: 'Pool' });
export type PoolShown = z.infer<typeof PoolShown>;
export const PoolList = z.strictObject({ items: z.array(PoolShown), nextCursor: z.null() }).meta({ id: 'PoolList' });

const nodeFields = {
  id: z.string(),
  pool: z.string(),
  group: z.string(),
  index: z.int(),
  state: z.enum(nodeStates),
  stateReason: z.string().nullable(),
  stateSince: TimeText.nullable(),
  installed: NodeShapeShown,
  used: NodeShapeShown,
  attempts: z.array(
    z.strictObject({
      attemptId: z.string(),
      tenant: z.string().nullable().meta({ description: 'Null for a tenant that the key does not cover' }),
      cards: z.number().meta({ description: 'What it holds: whole cards, or slices of one' }),
      devices: z
        .array(z.int())
        .nullable()
        .meta({ description: 'Which cards, from 0; null where cards are not shared' }),
    }),
  ),
};
export const NodeShown = z.strictObject(nodeFields).meta({ id: 'Node' });
export type NodeShown = z.infer<typeof NodeShown>;
export const NodePage = pageSchema('NodePage', NodeShown);
export const NodeChanged = z
  .strictObject({ ...nodeFields, previousState: z.enum(nodeStates) })
  .meta({ id: 'NodeChanged' });

export const NodeChange = z
  .strictObject({
    state: z.enum(nodeStates).meta({
      description:
        'drained: running work ends by itself, nothing new comes; down: what runs there is lost; up: back in service',
    }),
    reason: z.string().min(1).max(500).regex(printableText, { error: 'contains control characters' }).optional(),
  })
  .meta({ id: 'NodeChange' });
export type NodeChange = z.infer<typeof NodeChange>;
