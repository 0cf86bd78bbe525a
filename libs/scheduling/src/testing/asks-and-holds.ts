import type { RunningJob, WindowModel } from '../model.js';
import type { Ask, Holding } from '../profile.js';
import type { Vector } from '../vector.js';

/** A node of two cards, in milli cards, milli cores and MiB. */
export const twoCards: Vector = { cards: 2000, cores: 8000, memory: 1024 };

/** So many milli cards of one node, with a core and next to no memory; each number of cards is a shape of its own. */
export const askFor = (cards: number, over: Partial<Ask & Vector> = {}): Ask => ({
  nodes: over.nodes ?? 1,
  shape: over.shape ?? cards,
  perNode: { cards, cores: over.cores ?? 1000, memory: over.memory ?? 1 },
});

/** What is held of one node. */
export const heldOn = (node: number, cards: number, cores = 1000): Holding => ({
  nodes: [node],
  count: 1,
  perNode: { cards, cores, memory: 1 },
});

/** What is held of certain cards of one node. */
export const heldCards = (node: number, devices: number[], cards: number, cores = 1000): Holding => ({
  ...heldOn(node, cards, cores),
  devices: [devices],
});

export const closing = (id: string, nodeIndices: readonly number[], from: number, until: number): WindowModel => ({
  id,
  groupId: 'g',
  nodeIndices,
  from,
  until,
});

/** An attempt on a quarter of the cards of one node, for a hundred seconds. */
export const onAQuarter = (id: string, about: Partial<RunningJob> = {}): RunningJob => ({
  attemptId: id,
  jobId: `job of ${id}`,
  tenantId: 'tenant',
  groupId: 'group',
  nodeIndices: [0],
  nodeCount: 1,
  perNode: { cards: 2, cores: 8, memoryGiB: 8 },
  startedAt: 0,
  endsBy: 100,
  ...about,
});
