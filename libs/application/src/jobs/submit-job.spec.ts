import type { DataLevel, JobRequest } from '#libs/domain';
import type { Admission, PredictorName, QueuedJob } from '#libs/scheduling';
import { type SubmissionRejection, noInstruments } from '../instruments.js';
import type { IdempotencyClaim, JobStore, NewJob, Principal, Stored } from '../ports.js';
import { type Submission, SubmitJob, type Submitted, completed, perNodeOf } from './submit-job.js';

const now = Date.parse('2026-11-22T08:00:00.250+08:00');
const request: JobRequest = {
  name: 'fold',
  class: 'training',
  resources: { nodes: 2, acceleratorsPerNode: 4, acceleratorModels: ['card-a'] },
  timeLimitSeconds: 3600,
  run: { image: 'registry.local/fold:1' },
};
const blueKey: Principal = { keyId: 'k1', role: 'tenant', tenantId: 'blue', tenants: ['blue', 'blue-lab'] };
const operator: Principal = { keyId: 'k2', role: 'operator', tenantId: null, tenants: ['blue', 'blue-lab', 'green'] };

interface Stage {
  readonly submit: (named?: Partial<Submission>) => Promise<Submitted>;
  readonly stored: { readonly job: NewJob; readonly claim: IdempotencyClaim | null }[];
  readonly admitted: QueuedJob[];
  readonly rejections: SubmissionRejection[];
}
/** Everything around the use case, in memory; the store has its own spec on PostgreSQL. */
function aStage(
  answers: {
    admission?: Admission;
    stored?: Stored;
    before?: Exclude<Stored, { kind: 'stored' }>;
    runs?: readonly number[];
    predictor?: PredictorName;
  } = {},
): Stage {
  const stored: Stage['stored'] = [];
  const admitted: QueuedJob[] = [];
  const rejections: SubmissionRejection[] = [];
  const levels: Readonly<Record<string, DataLevel>> = { blue: 'important', 'blue-lab': 'general', green: 'core' };
  const store: Pick<JobStore, 'submit' | 'replayOf' | 'lastRuns'> = {
    submit: async (_principal, job, claim) => {
      stored.push({ job, claim });
      return answers.stored ?? { kind: 'stored' };
    },
    replayOf: async () => answers.before ?? null,
    lastRuns: async () => (answers.runs ?? []).map((runSeconds) => ({ runSeconds, limitSeconds: 100_000 })),
  };
  const useCase = new SubmitJob({
    store: store as JobStore,
    tenants: {
      find: (id) => {
        const maxDataLevel = levels[id];
        return maxDataLevel ? { id, homeDistrict: 'echeng', priority: 1, maxDataLevel, sample: id === 'green' } : null;
      },
    },
    desk: {
      admit: async (job) => {
        admitted.push(job);
        return answers.admission ?? { kind: 'ok' };
      },
    },
    ids: { uuid: () => 'job-1' },
    policy: () => ({ predictor: answers.predictor }),
    instruments: { ...noInstruments.jobs, rejected: (reason) => void rejections.push(reason) },
  });
  const submission: Submission = { principal: blueKey, tenant: null, request, now, channel: 'api', idempotency: null };
  return { stored, admitted, rejections, submit: (named = {}) => useCase.execute({ ...submission, ...named }) };
}

const impossible: Admission = {
  kind: 'refused',
  refusal: 'larger-than-any-pool',
  largest: null,
  evidence: { nodesConsidered: 0, filteredBy: {}, best: null, ahead: 0 },
};

it('a retry is answered as the first time, also when no pool could hold the job by now', async () => {
  const idempotency = { key: 'once', fingerprint: new Uint8Array([1]) };
  const said = { kind: 'replayed', status: 201, body: { id: 'job-0' } } as const;
  const stage = aStage({ admission: impossible, before: said });
  expect(await stage.submit({ idempotency })).toEqual(said);
  expect(stage.rejections).toEqual([]);
  expect(await aStage({ admission: impossible }).submit({ idempotency })).toMatchObject({ kind: 'impossible' });
});

it('a request is queued for the key’s own tenant, and answered with what a repetition will be answered too', async () => {
  const stage = aStage();
  const fingerprint = new Uint8Array([1, 2]);
  const outcome = await stage.submit({ idempotency: { key: 'once', fingerprint } });
  const body = { id: 'job-1', state: 'queued', tenant: 'blue', submittedAtMs: now };
  expect(outcome).toEqual({ kind: 'queued', status: 201, body });
  expect(stage.stored[0]?.claim).toEqual({ owner: 'blue', key: 'once', fingerprint, status: 201, body });
  expect(stage.stored[0]?.job).toMatchObject({
    id: 'job-1', tenantId: 'blue', priority: 1, nodes: 2, perNode: { cards: 4, cores: 16, memoryGiB: 64 },
    limitSeconds: 3600, submittedAt: now, channel: 'api', sample: false,
  }); // prettier-ignore
  expect(stage.rejections).toEqual([]);
});

it('the planner is asked about the job as it is stored, in whole seconds, behind all that wait', async () => {
  const stage = aStage();
  await stage.submit({ request: { ...request, constraints: { earliestStartMs: now + 1, deadlineMs: now + 10_000 } } });
  expect(stage.admitted[0]).toMatchObject({
    sequence: Number.MAX_SAFE_INTEGER,
    submittedAt: Math.ceil(now / 1000),
    limit: 3600,
    predicted: 3600,
    fromDistrict: 'echeng',
    earliestStart: Math.ceil((now + 1) / 1000),
    deadline: Math.ceil((now + 10_000) / 1000),
  });
});

it('the planner is asked with where its data is, how green it wants to be and how it bends', async () => {
  const stage = aStage();
  await stage.submit({
    request: {
      ...request,
      resources: { ...request.resources, nodesMax: 9 },
      inputs: [{ dataset: 'cryo-em', site: 'ezhou-yueke', sizeGiB: 12.5 }],
      constraints: { dataSite: 'ezhou-yueke', minGreenShare: 0.6 },
      flexibility: { preemptible: true, checkpointIntervalSeconds: 600 },
    },
  });
  expect(stage.admitted[0]).toMatchObject({
    nodesMax: 9,
    dataSite: 'ezhou-yueke',
    inputs: [{ siteId: 'ezhou-yueke', sizeGiB: 12.5 }],
    minGreenShare: 0.6,
    preemptible: true,
    checkpointInterval: 600,
  });
});

it.each([
  { runs: [], want: 3600 },
  { runs: [100], want: 3600 },
  { runs: [100, 301], want: 200 },
  { runs: [9000, 9000], want: 3600 },
  { runs: [0, 1], want: 1 },
])('last runs of $runs seconds predict $want', async ({ runs, want }) => {
  const stage = aStage({ runs });
  await stage.submit();
  expect(stage.stored[0]?.job.predictedSeconds).toBe(want);
});

it.each([
  { predictor: 'tsafrir' as const, want: 95_000 },
  { predictor: 'believing' as const, want: 200_000 },
])('the policy’s predictor is asked: $predictor', async ({ predictor, want }) => {
  const stage = aStage({ runs: [90_000, 100_000], predictor });
  await stage.submit({ request: { ...request, timeLimitSeconds: 200_000 } });
  expect(stage.stored[0]?.job.predictedSeconds).toBe(want);
});

interface Refused {
  readonly named: Partial<Submission>;
  readonly answers?: Parameters<typeof aStage>[0];
  readonly want: object;
  readonly wantReason: SubmissionRejection;
  /** Whether it came as far as the store. */
  readonly wantStored?: boolean;
}
const evidence = { nodesConsidered: 4, filteredBy: {}, best: null, ahead: 0 };
const tooLarge: Admission = { kind: 'refused', refusal: 'larger-than-any-pool', largest: null, evidence };
const refusals: Record<string, Refused> = {
  'a planner may not submit': {
    named: { principal: { ...operator, role: 'planner' } },
    want: { kind: 'role-forbidden' },
    wantReason: 'denied',
  },
  'nor may an auditor, whatever tenant it names': {
    named: { principal: { ...operator, role: 'auditor' }, tenant: 'blue' },
    want: { kind: 'role-forbidden' },
    wantReason: 'denied',
  },
  'an operator has to say for whom': {
    named: { principal: operator },
    want: { kind: 'tenant-needed', tenants: operator.tenants },
    wantReason: 'invalid',
  },
  'a tenant out of reach is as unknown as one that is not there': {
    named: { tenant: 'green' },
    want: { kind: 'tenant-unknown', tenant: 'green' },
    wantReason: 'invalid',
  },
  'a tenant that left the catalogue is unknown too': {
    named: { principal: { ...blueKey, tenants: ['gone'] }, tenant: 'gone' },
    want: { kind: 'tenant-unknown', tenant: 'gone' },
    wantReason: 'invalid',
  },
  'data above the tenant’s level': {
    named: { request: { ...request, constraints: { dataLevel: 'core' } } },
    want: { kind: 'data-level-above-tenant', asked: 'core', allowed: 'important' },
    wantReason: 'data-level-not-allowed',
  },
  'data above the level of the sub-tenant that is named': {
    named: { tenant: 'blue-lab', request: { ...request, constraints: { dataLevel: 'important' } } },
    want: { kind: 'data-level-above-tenant', asked: 'important', allowed: 'general' },
    wantReason: 'data-level-not-allowed',
  },
  'what no pool could ever run': {
    named: {},
    answers: { admission: tooLarge },
    want: { kind: 'impossible', refusal: 'larger-than-any-pool', admission: tooLarge },
    wantReason: 'larger-than-any-pool',
  },
  'a key that was used for something else': {
    named: { idempotency: { key: 'once', fingerprint: new Uint8Array([9]) } },
    answers: { stored: { kind: 'key-reused' } },
    want: { kind: 'key-reused' },
    wantReason: 'invalid',
    wantStored: true,
  },
};
describe('is refused, and counted with its reason:', () => {
  it.each(Object.entries(refusals))('%s', async (_sentence, { named, answers, want, wantReason, wantStored }) => {
    const stage = aStage(answers);
    expect(await stage.submit(named)).toEqual(want);
    expect(stage.rejections).toEqual([wantReason]);
    expect(stage.stored).toHaveLength(wantStored ? 1 : 0);
  });
});

it('a repetition is answered as the first time, and is no refusal', async () => {
  const stage = aStage({ stored: { kind: 'replayed', status: 201, body: { id: 'job-0' } } });
  expect(await stage.submit({ idempotency: { key: 'once', fingerprint: new Uint8Array([1]) } })).toEqual({
    kind: 'replayed',
    status: 201,
    body: { id: 'job-0' },
  });
  expect(stage.rejections).toEqual([]);
});

it('an operator’s idempotency keys are the key’s own, not those of the tenant it submits for', async () => {
  const stage = aStage();
  await stage.submit({
    principal: operator,
    tenant: 'green',
    idempotency: { key: 'once', fingerprint: new Uint8Array([1]) },
  });
  expect(stage.stored[0]?.claim?.owner).toBe('key:k2');
  expect(stage.stored[0]?.job.tenantId).toBe('green');
});

describe('what a request leaves open', () => {
  const shapes: Record<string, { readonly resources: JobRequest['resources']; readonly want: object }> = {
    'each card brings four cores and 16 GiB': {
      resources: { nodes: 1, acceleratorsPerNode: 8 },
      want: { cards: 8, cores: 32, memoryGiB: 128 },
    },
    'a job without cards gets one core and 2 GiB': {
      resources: { nodes: 1, acceleratorsPerNode: 0 },
      want: { cards: 0, cores: 1, memoryGiB: 2 },
    },
    'and 2 GiB for each core it asks for': {
      resources: { nodes: 1, acceleratorsPerNode: 0, cpuCoresPerNode: 6 },
      want: { cards: 0, cores: 6, memoryGiB: 12 },
    },
    'what is asked for stays': {
      resources: { nodes: 1, acceleratorsPerNode: 2, cpuCoresPerNode: 3, memoryGiBPerNode: 5 },
      want: { cards: 2, cores: 3, memoryGiB: 5 },
    },
  };
  it.each(Object.entries(shapes))('%s', (_sentence, { resources, want }) => {
    expect(perNodeOf(completed({ ...request, resources }, { homeDistrict: 'echeng' }))).toEqual(want);
  });

  it('is the tenant’s district and general data; what it says is kept', () => {
    expect(completed(request, { homeDistrict: 'echeng' }).constraints).toEqual({
      dataLevel: 'general',
      fromDistrict: 'echeng',
    });
    const told = { dataLevel: 'important' as const, fromDistrict: 'wuchang', maxLatencyMs: 5 };
    expect(completed({ ...request, constraints: told }, { homeDistrict: 'echeng' }).constraints).toEqual(told);
  });
});
