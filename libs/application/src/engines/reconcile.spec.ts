import fc from 'fast-check';
import type { EngineJob } from '../engine-ports.js';
import { type Held, reconcile } from './reconcile.js';

const now = Date.parse('2026-11-22T09:00:00+08:00');
const held = (attemptId: string, state: string): Held => ({
  attemptId,
  jobId: `job-${attemptId}`,
  class: 'training',
  submittedAt: now - 5000,
  state,
  placedAt: now - 4000,
  startedAt: null,
  releasedAt: null,
  cancelAt: null,
  nodeIds: [],
});
const seen = (attemptId: string, state: EngineJob['state'], named: Partial<EngineJob> = {}): EngineJob => ({
  attemptId,
  ref: `ref-${attemptId}`,
  state,
  startedAt: null,
  endedAt: null,
  exitCode: null,
  nodeIds: [],
  ...named,
});

interface Told {
  readonly held: readonly Held[];
  readonly seen: readonly EngineJob[];
  readonly want: Partial<Record<'started' | 'finished' | 'missing' | 'strangers' | 'unreleased', readonly string[]>> & {
    readonly steady?: number;
  };
}
const cases: Record<string, Told> = {
  'what runs there and is not known to run here has started': {
    held: [held('a', 'released'), held('b', 'prepared'), held('c', 'placed')],
    seen: [seen('a', 'running'), seen('b', 'running'), seen('c', 'running')],
    want: { started: ['a', 'b', 'c'] },
  },
  'what runs here and there is steady': {
    held: [held('a', 'running')],
    seen: [seen('a', 'running')],
    want: { steady: 1 },
  },
  'every ending there ends the attempt here, whatever its state': {
    held: ['placed', 'prepared', 'released', 'running'].map((state) => held(state, state)),
    seen: [
      seen('placed', 'cancelled'),
      seen('prepared', 'failed'),
      seen('released', 'completed'),
      seen('running', 'timeout'),
    ],
    want: { finished: ['placed', 'prepared', 'released', 'running'] },
  },
  'only what was released can be missing: before that the engine need not know it': {
    held: ['placed', 'prepared', 'released', 'running'].map((state) => held(state, state)),
    seen: [],
    want: { missing: ['released', 'running'], steady: 2 },
  },
  'released here and held there: the word did not arrive': {
    held: [held('a', 'released'), held('b', 'prepared')],
    seen: [seen('a', 'held'), seen('b', 'held')],
    want: { unreleased: ['a'], steady: 1 },
  },
  'what lives there and nobody here wants is a stranger; what is over there is nobody’s business': {
    held: [],
    seen: [seen('a', 'running'), seen('b', 'held'), seen('c', 'completed'), seen('d', 'cancelled')],
    want: { strangers: ['a', 'b'] },
  },
};

it.each(Object.entries(cases))('%s', (_sentence, told) => {
  const found = reconcile(told.held, told.seen, now);
  const idsOf = (jobs: readonly { readonly attemptId: string }[]): string[] => jobs.map((job) => job.attemptId);
  expect({
    started: idsOf(found.started),
    finished: idsOf(found.finished),
    missing: idsOf(found.missing),
    strangers: idsOf(found.strangers),
    unreleased: idsOf(found.unreleased),
    steady: found.steady,
  }).toEqual({ started: [], finished: [], missing: [], strangers: [], unreleased: [], steady: 0, ...told.want });
});

it('an ending keeps what the engine told, and an unknown end is now', () => {
  const told = seen('a', 'failed', { startedAt: now - 60, endedAt: now - 20, exitCode: 3, detail: 'out of memory' });
  const found = reconcile([held('a', 'running'), held('b', 'running')], [told, seen('b', 'completed')], now);
  expect(found.finished).toEqual([
    { attemptId: 'a', outcome: 'failed', startedAt: now - 60, endedAt: now - 20, exitCode: 3, detail: 'out of memory' },
    { attemptId: 'b', outcome: 'completed', startedAt: null, endedAt: now, exitCode: null },
  ]);
});

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
const someHeld = fc
  .uniqueArray(
    fc.record({ id: fc.constantFrom(...ids), state: fc.constantFrom('placed', 'prepared', 'released', 'running') }),
    {
      selector: ({ id }) => id,
    },
  )
  .map((all) => all.map(({ id, state }) => held(id, state)));
const someSeen = fc
  .uniqueArray(
    fc.record({
      id: fc.constantFrom(...ids),
      state: fc.constantFrom<EngineJob['state']>('held', 'running', 'completed', 'failed', 'timeout', 'cancelled'),
    }),
    { selector: ({ id }) => id },
  )
  .map((all) => all.map(({ id, state }) => seen(id, state)));

it('puts each attempt into one bucket, ends none that lives there, and takes no stranger for ours', () => {
  fc.assert(
    fc.property(someHeld, someSeen, (wanted, there) => {
      const found = reconcile(wanted, there, now);
      const ours = [...found.started, ...found.finished, ...found.missing, ...found.unreleased].map(
        (job) => job.attemptId,
      );
      expect(ours.length + found.steady).toBe(wanted.length);
      expect(new Set(ours).size).toBe(ours.length);
      const alive = new Set(
        there.filter((job) => job.state === 'held' || job.state === 'running').map((job) => job.attemptId),
      );
      expect([...found.finished, ...found.missing].filter((job) => alive.has(job.attemptId))).toEqual([]);
      const known = new Set(wanted.map((attempt) => attempt.attemptId));
      expect(found.strangers.filter((job) => known.has(job.attemptId))).toEqual([]);
    }),
  );
});
