/** Sites, pools, node groups and nodes: what the seeds describe and everything else refers to by id. */
export const architectures = ['x86_64', 'aarch64'] as const;
export type Architecture = (typeof architectures)[number];

/** Software stack of an accelerator: what an image must have been built for. */
export const stacks = ['cuda', 'cann', 'none'] as const;
export type Stack = (typeof stacks)[number];

/** GB/T 43697-2024, from least to most sensitive. */
export const dataLevels = ['general', 'important', 'core'] as const;
export type DataLevel = (typeof dataLevels)[number];

export const jobClasses = ['training', 'finetune', 'inference', 'interactive', 'simulation'] as const;
export type JobClass = (typeof jobClasses)[number];

export const poolTiers = [
  'main',
  'operator',
  'edge',
  'ai-centre',
  'supercomputing',
  'university',
  'provincial',
] as const;
export type PoolTier = (typeof poolTiers)[number];

/** How the cards of a node are given out in parts: virtual NPUs, MIG instances, or turns of time. */
export const sharingKinds = ['vnpu', 'mig', 'time-slice'] as const;
export type SharingKind = (typeof sharingKinds)[number];

export const nodeStates = ['up', 'drained', 'down', 'maintenance'] as const;
export type NodeState = (typeof nodeStates)[number];

/** pinned: we choose the nodes; delegated: the engine does and we count per group (DESIGN.md 6). */
export type PlacementMode = 'pinned' | 'delegated';
export type EngineKind = 'simulated' | 'local';

/** A number with where it comes from. Every figure of the catalogue is one, so that each screen can tell fact from prior. */
export interface Figure {
  readonly value: number;
  readonly source?: string;
  readonly assumption?: string;
}
export const isAssumed = (figure: Pick<Figure, 'assumption'>): boolean => figure.assumption !== undefined;

/** What one node has, or what a job takes of one: cores and GiB, and whole cards or, of a shared one, a part in whole thousandths. */
export interface NodeShape {
  readonly cards: number;
  readonly cores: number;
  readonly memoryGiB: number;
}
export const fitsIn = (ask: NodeShape, have: NodeShape): boolean =>
  ask.cards <= have.cards && ask.cores <= have.cores && ask.memoryGiB <= have.memoryGiB;
