import type { JobView, Principal } from '#libs/application';
import type { Reference } from '../reference.js';
import { jobShown, jobSummary } from './job.js';

const at = Date.parse('2026-11-24T08:00:00+08:00');
const reference = { isSimulated: () => true } as unknown as Reference;
const placement: NonNullable<JobView['placement']> = {
  attemptId: 'a',
  poolId: 'p',
  groupId: 'g',
  nodeIds: [],
  sharing: null,
  state: 'released',
  placedAt: at,
  startedAt: null,
  endsBy: at + 1,
  backfilled: false,
  staging: { seconds: 90, until: at + 90_000 },
};
const aJob = (over: Partial<JobView>): JobView => ({
  id: 'j', tenantId: 't', name: 'fold', class: 'training', state: 'starting', sample: false, channel: 'api', submittedAt: at, startedAt: null,
  endedAt: null, exitCode: null, detail: null, attempts: 1, placement, verdict: null,
  request: { resources: { nodes: 1 }, timeLimitSeconds: 60, inputs: [{ dataset: 'a', site: 'east', sizeGiB: 3 }] }, ...over,
}); // prettier-ignore

const shown = { inputs: [{ dataset: 'a', site: 'east', sizeGiB: 3 }], seconds: 90, until: '2026-11-24T08:01:30+08:00' };
const cases: Record<string, { job: Partial<JobView>; want: unknown }> = {
  'is shown while the job starts': { job: {}, want: shown },
  'is shown before the release is written down': { job: { state: 'placed' }, want: shown },
  'is over when the job runs': { job: { state: 'running', startedAt: at + 90_000 }, want: null },
  'is over when the job was cancelled meanwhile': { job: { state: 'cancelled' }, want: null },
  'is not there where no engine was asked': { job: { placement: { ...placement, staging: null } }, want: null },
  'is not there while the job waits': { job: { state: 'queued', placement: null }, want: null },
};
it.each(Object.entries(cases))('staging %s', (_sentence, { job, want }) => {
  expect(jobSummary(aJob(job), reference).staging).toEqual(want);
});

it.each([
  [{ interruptible: true }, 1],
  [{ interruptible: false, preemptible: true }, 0],
  [undefined, 0],
])('what is taken down but not acted on is told: flexibility %j', (flexibility, notes) => {
  const job = aJob({ request: { ...(aJob({}).request as object), flexibility } });
  const principal: Principal = { keyId: 'k', role: 'tenant', tenantId: 't', tenants: ['t'] };
  expect(jobShown(job, principal, { reference, promises: null }).notes).toHaveLength(notes);
});
