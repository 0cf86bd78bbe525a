import { z } from 'zod';
import { refusals } from '#libs/domain';
import { Text } from './common.js';

const Count = z.int().min(0);

export const RefusalShown = z.strictObject({
  code: z.enum(refusals),
  text: Text,
  wokenBy: z.string(),
  wokenByText: Text,
  final: z.boolean(),
});
export type RefusalShown = z.infer<typeof RefusalShown>;

export const EvidenceShown = z
  .strictObject({
    nodesConsidered: Count,
    filteredBy: z.array(z.strictObject({ refusal: z.enum(refusals), nodes: Count, text: Text })),
    best: z.strictObject({ group: z.string(), freeNodes: Count, askedNodes: Count }).nullable(),
    ahead: Count.meta({ description: 'Jobs ahead of it in the order' }),
    text: Text,
  })
  .meta({ id: 'Evidence' });
export type EvidenceShown = z.infer<typeof EvidenceShown>;
