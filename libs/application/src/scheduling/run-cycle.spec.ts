import type { Delta, Snapshot } from '#libs/scheduling';
import { noInstruments } from '../instruments.js';
import type { CycleEntry, CycleLog, PlannerFeed } from '../ports.js';
import { defaultPolicy } from './default-policy.js';
import { noOutlook } from './outlook-source.js';
import { InProcessPlanner } from './planner-host.js';
import { PlannerMirror } from './planner-mirror.js';
import { fixedPolicy } from './policies.js';
import { type CycleOptions, RunCycle } from './run-cycle.js';
import { CHUNK_BYTES, type Chunk } from './state-packing.js';

const empty: Snapshot = {
  now: 0, pools: [], groups: [], nodeStates: [], windows: [], tenants: [], running: [], queued: [], outlooks: [],
}; // prettier-ignore
const ofBytes = (bytes: number): Chunk => ({ sha256: 'x', bytes: new Uint8Array(bytes) });
const gone: Delta = { kind: 'job-withdrawn', jobId: 'a' };

/** Something is new at each cycle; how large it is packed, the test says. */
class Scripted extends InProcessPlanner implements PlannerFeed {
  readonly packedCounts: number[] = [];
  news: readonly Delta[] = [gone];
  lost = false;

  constructor(
    private readonly keyframeBytes: readonly number[],
    private readonly deltaBytes: number[],
  ) {
    super();
  }
  override keyframe = async (): Promise<readonly Chunk[]> => this.keyframeBytes.map(ofBytes);
  override packed = async (deltas: readonly Delta[]): Promise<Chunk> => {
    this.packedCounts.push(deltas.length);
    return ofBytes(this.deltaBytes.shift() ?? 1);
  };
  cold = async () => ({ snapshot: empty, cursor: '0' });
  since = async () =>
    this.lost ? { kind: 'lost' as const } : { kind: 'deltas' as const, deltas: this.news, cursor: '0' };
}

/** What is recorded, and what the log answers. */
function aLog(answers: ('recorded' | 'superseded' | 'dies')[] = []) {
  const entries: CycleEntry[] = [];
  let number = 0;
  const record: CycleLog['record'] = async (entry) => {
    const answer = answers.shift() ?? 'recorded';
    if (answer === 'dies') throw new Error('dies here');
    entries.push(entry);
    number = entry.cycle;
    return answer;
  };
  const log = { next: async () => number + 1, record, beat: async () => {}, storeVerdicts: async () => {} };
  return { entries, log: log as unknown as CycleLog };
}

function aRun(script: Scripted, log: CycleLog, options: CycleOptions): RunCycle {
  return new RunCycle(
    {
      mirror: new PlannerMirror(script, script, noOutlook, fixedPolicy(defaultPolicy)),
      committer: { commit: async () => ({ kind: 'fenced', epoch: 2 }), dropClaims: async () => {} },
      log,
      refuser: { refuse: async () => {} } as never,
      ids: { uuid: () => 'id' },
      sha256: () => 'sha',
      stopwatch: () => 0,
      instruments: noInstruments.scheduler,
    },
    options,
  );
}
const shown = ({ cycle, state }: CycleEntry): string =>
  state.kind === 'keyframe' ? `${cycle} K` : `${cycle} ${state.keyframeCycle}+${state.step}`;

describe('what a cycle leaves for its replay', () => {
  const cases: Record<string, { options: CycleOptions; keyframe?: number[]; deltas?: number[]; cycles: number; want: string[] }> = {
    'is a keyframe each so many cycles, and deltas between': {
      options: { keyframeEvery: 3 },
      cycles: 7,
      want: ['1 K', '2 1+1', '3 1+2', '4 K', '5 4+1', '6 4+2', '7 K'],
    },
    'is a keyframe each time when every cycle is to have one': {
      options: { keyframeEvery: 1 },
      cycles: 3,
      want: ['1 K', '2 K', '3 K'],
    },
    'is deltas while they are no more than the keyframe, all its chunks, and a keyframe when they are one byte more': {
      options: { keyframeEvery: 99, deltasAtLeast: 0 },
      keyframe: [600, 400],
      deltas: [400, 600, 1, 1000, 1],
      cycles: 6,
      want: ['1 K', '2 1+1', '3 1+2', '4 K', '5 4+1', '6 K'],
    },
    'is deltas up to a floor when the keyframe is small': {
      options: { keyframeEvery: 99, deltasAtLeast: 50 },
      keyframe: [10],
      deltas: [25, 25, 1, 51],
      cycles: 5,
      want: ['1 K', '2 1+1', '3 1+2', '4 K', '5 K'],
    },
    'has a floor of 64 KiB unless told otherwise': {
      options: { keyframeEvery: 99 },
      keyframe: [10],
      deltas: [65_536, 1, 65_537],
      cycles: 4,
      want: ['1 K', '2 1+1', '3 K', '4 K'],
    },
    'is never deltas of more than a megabyte, however large the keyframe': {
      options: { keyframeEvery: 99 },
      keyframe: [CHUNK_BYTES, CHUNK_BYTES, CHUNK_BYTES],
      deltas: [CHUNK_BYTES, CHUNK_BYTES + 1, CHUNK_BYTES],
      cycles: 4,
      want: ['1 K', '2 1+1', '3 K', '4 3+1'],
    },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', async (_sentence, { options, keyframe, deltas, cycles, want }) => {
    const { log, entries } = aLog();
    const run = aRun(new Scripted(keyframe ?? [10], deltas ?? []), log, options);
    for (let cycle = 0; cycle < cycles; cycle += 1) await run.execute(1, cycle * 1000);
    expect(entries.map(shown)).toEqual(want);
  });
});

describe('what a cycle leaves, beside that,', () => {
  const quiet = { keyframeEvery: 99 };
  it('is nothing, not even a number, when nothing happened; what happens later stands on the same keyframe', async () => {
    const { log, entries } = aLog();
    const script = new Scripted([10], []);
    const run = aRun(script, log, quiet);
    await run.execute(1, 0);
    script.news = [];
    for (let tick = 1; tick < 4; tick += 1) await run.execute(1, tick * 1000);
    script.news = [gone, gone];
    await run.execute(1, 5000);
    expect(entries.map(shown)).toEqual(['1 K', '2 1+1']);
    expect(script.packedCounts).toEqual([2]);
  });

  it('is a keyframe again after the log took nothing because another leader was there', async () => {
    const { log, entries } = aLog(['recorded', 'superseded', 'recorded']);
    const run = aRun(new Scripted([10], []), log, quiet);
    for (let cycle = 0; cycle < 4; cycle += 1) await run.execute(1, cycle * 1000);
    expect(entries.map(shown)).toEqual(['1 K', '2 1+1', '3 K', '4 3+1']);
  });

  it('is a keyframe again after a keyframe that was not taken', async () => {
    const { log, entries } = aLog(['superseded', 'recorded']);
    const run = aRun(new Scripted([10], []), log, quiet);
    for (let cycle = 0; cycle < 3; cycle += 1) await run.execute(1, cycle * 1000);
    expect(entries.map(shown)).toEqual(['1 K', '2 K', '3 2+1']);
  });

  it('is a keyframe when the picture was loaded anew', async () => {
    const { log, entries } = aLog();
    const script = new Scripted([10], []);
    const run = aRun(script, log, quiet);
    await run.execute(1, 0);
    script.lost = true;
    await run.execute(1, 1000);
    script.lost = false;
    await run.execute(1, 2000);
    expect(entries.map(shown)).toEqual(['1 K', '2 K', '3 2+1']);
  });

  it('that could not be written is written with the next: its deltas are not lost', async () => {
    const { log, entries } = aLog(['recorded', 'dies']);
    const script = new Scripted([10], []);
    const run = aRun(script, log, quiet);
    await run.execute(1, 0);
    await expect(run.execute(1, 1000)).rejects.toThrow('dies here');
    run.forget(); // as the loop does after a failure
    await run.execute(1, 2000);
    expect(entries.map(shown)).toEqual(['1 K', '2 K']);
  });
});
