import { createPlanner } from './planner.js';
import type { QueuedJob, RunningJob } from './model.js';
import { aGroup, aJob, anAttempt, aPolicy, aSnapshot, nodesNamed } from './testing/builders.js';

const group = aGroup('edge', {
  nodes: nodesNamed(2),
  shape: { cards: 2, cores: 64, memoryGiB: 256 },
  sharing: { kind: 'time-slice', slices: 2 },
});
const asking = (id: string, cards: number, over: Partial<QueuedJob> = {}): QueuedJob =>
  aJob(id, { class: 'inference', perNode: { cards, cores: 1, memoryGiB: 1 }, ...over });
const running = (id: string, cards: number, over: Partial<RunningJob> = {}): RunningJob =>
  anAttempt(id, 'edge', { perNode: { cards, cores: 1, memoryGiB: 1 }, ...over });

interface Case {
  readonly queued?: QueuedJob[];
  readonly running?: RunningJob[];
  readonly wantStarts: Record<string, { nodes: number[]; devices: number[][] }>;
}

const cases: Record<string, Case> = {
  'two halves go to one card, so that the other stays whole': {
    queued: [asking('a', 0.5), asking('b', 0.4), asking('whole', 1)],
    wantStarts: {
      a: { nodes: [0], devices: [[0]] },
      b: { nodes: [0], devices: [[0]] },
      whole: { nodes: [0], devices: [[1]] },
    },
  },
  'a part larger than a slice takes two, and here the whole card': {
    queued: [asking('most', 0.6), asking('half', 0.5)],
    wantStarts: { most: { nodes: [0], devices: [[0]] }, half: { nodes: [0], devices: [[1]] } },
  },
  'a job of two nodes gets its part of a card on each': {
    queued: [asking('pair', 0.5, { nodes: 2 })],
    wantStarts: { pair: { nodes: [0, 1], devices: [[0], [0]] } },
  },
  'a job of whole cards does not share with what runs on parts': {
    queued: [asking('both', 2)],
    running: [running('half', 0.5, { nodeIndices: [0], devices: [[1]] })],
    wantStarts: { both: { nodes: [1], devices: [[0, 1]] } },
  },
  'an attempt that has not told its cards is held on those with most left': {
    queued: [asking('whole', 1)],
    running: [
      running('told', 0.5, { nodeIndices: [0], devices: [[0]] }),
      running('untold', 0.5, { nodeIndices: [0] }),
      running('other', 2, { nodeIndices: [1], devices: [[0, 1]] }),
    ],
    wantStarts: {},
  },
  'one that has told neither nodes nor cards is held on the least loaded node': {
    queued: [asking('both', 2)],
    running: [
      running('told', 0.5, { nodeIndices: [0], devices: [[0]] }),
      running('adrift', 0.5, { nodeIndices: [], nodeCount: 1 }),
    ],
    wantStarts: {},
  },
};

describe('planning a group that shares its cards', () => {
  it.each(Object.entries(cases))('%s', (_sentence, c) => {
    const snapshot = aSnapshot({ groups: [group], queued: c.queued ?? [], running: c.running ?? [] });
    const { starts } = createPlanner(snapshot, aPolicy()).plan(1000);
    expect(
      Object.fromEntries(starts.map(({ jobId, nodeIndices, devices }) => [jobId, { nodes: nodeIndices, devices }])),
    ).toEqual(c.wantStarts);
  });

  it('says of a part of a card that no group offers it', () => {
    const { sharing: _sharing, ...whole } = group;
    const planner = createPlanner(aSnapshot({ groups: [whole] }), aPolicy());
    expect(planner.admit(asking('part', 0.5))).toMatchObject({ kind: 'refused', refusal: 'fraction-not-offered' });
    expect(planner.admit(asking('whole', 1))).toEqual({ kind: 'ok' });
  });

  it('starts without cards of their own carry none', () => {
    const { sharing: _sharing, ...whole } = group;
    const { starts } = createPlanner(aSnapshot({ groups: [whole], queued: [asking('whole', 1)] }), aPolicy()).plan(
      1000,
    );
    expect(starts).toHaveLength(1);
    expect(starts[0]).not.toHaveProperty('devices');
  });
});
