import type { EndedAttempt } from '#libs/application';
import {
  type FreshDatabase,
  aNewJob,
  aPool,
  aTenant,
  aUuid,
  freshDatabase,
  insertRows,
  tenantKey,
} from '#libs/testing';
import { PostgresAttemptStore } from './attempt-store.js';
import { PostgresBulkSubmit } from './bulk-submit.js';
import { openDatabase, type Database } from './database.js';
import { PostgresJobStore } from './job-store.js';
import { PostgresPlanCommitter } from './plan-committer.js';

const t0 = Date.parse('2026-11-22T02:00:00Z');
const HOUR = 3_600_000;

let fresh: FreshDatabase;
let system: Database;
let app: Database;
let store: PostgresAttemptStore;
let jobs: PostgresJobStore;
beforeAll(async () => {
  fresh = await freshDatabase();
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 12 });
  app = openDatabase(fresh.url, { role: 'chusuan_app', max: 2 });
  store = new PostgresAttemptStore(system);
  jobs = new PostgresJobStore(app);
  await insertRows(system, {
    tenants: [aTenant('blue'), aTenant('green'), aTenant('red')],
    pools: [aPool('pinned'), aPool('delegated', { placement: 'delegated' })],
  });
});
afterAll(async () => {
  await system?.close();
  await app?.close();
  await fresh?.drop();
});

const rowsOf = async (sql: string, values: readonly unknown[] = []) => (await system.query(sql, values)).rows;
type Placed = { readonly jobId: string; readonly attemptId: string };
async function aPlacedJob(named: Parameters<typeof aNewJob>[0] = {}, groupId = 'pinned-a'): Promise<Placed> {
  const job = aNewJob(named);
  await new PostgresBulkSubmit(system).submitAll([job]);
  return { jobId: job.id, attemptId: await placeAgain(job.id, groupId, job.nodes) };
}
async function placeAgain(jobId: string, groupId = 'pinned-a', nodes = 1): Promise<string> {
  const attemptId = aUuid();
  const start = {
    jobId, attemptId, groupId, poolId: groupId.slice(0, -2), nodeIndices: Array.from({ length: nodes }, (_, i) => i), endsBy: t0 / 1000 + 3600,
    backfilled: false, score: 1, tenantId: 'blue', nodes, perNode: { cards: 1, cores: 8, memoryGiB: 64 },
  }; // prettier-ignore
  const committed = await new PostgresPlanCommitter(system).commit({ epoch: 0, cycle: 1, now: t0, starts: [start] });
  expect(committed).toMatchObject({ refused: [] });
  return attemptId;
}
const endOf = (attemptId: string, named: Partial<EndedAttempt> = {}): EndedAttempt => ({
  attemptId, outcome: 'completed', endedAt: t0 + HOUR, startedAt: null, exitCode: 0, ...named,
}); // prettier-ignore
const everything = async ({ jobId, attemptId }: Placed): Promise<unknown> => [
  await rowsOf('select * from job where id = $1', [jobId]),
  await rowsOf('select * from attempt where id = $1', [attemptId]),
  await rowsOf('select * from placement_node where attempt_id = $1 order by node_id', [attemptId]),
  await rowsOf('select * from job_event where job_id = $1 order by id', [jobId]),
  await rowsOf('select id, used_cards, used_cores, used_memory_gib from node order by id'),
  await rowsOf('select id, allocated_cards from node_group order by id'),
  await rowsOf('select id, used_card_seconds, used_as_of from tenant order by id'),
];

describe('the way of an attempt', () => {
  it('goes from placed to prepared, released, running and completed, each told once', async () => {
    const placed = await aPlacedJob({ nodes: 2 });
    const { jobId, attemptId } = placed;
    await store.prepared(attemptId, 'engine-7');
    expect(await store.released(attemptId, t0 + 1000)).toBe(true);
    await store.started([{ attemptId, startedAt: t0 + 2000, nodeIds: ['pinned-a-0001', 'pinned-a-0002'] }]);
    expect((await store.holding('pinned')).find((held) => held.attemptId === attemptId)).toEqual({
      attemptId, jobId, class: 'training', submittedAt: t0, state: 'running', placedAt: t0, startedAt: t0 + 2000, releasedAt: t0 + 1000,
      cancelAt: null, nodeIds: ['pinned-a-0001', 'pinned-a-0002'],
    }); // prettier-ignore
    expect(await rowsOf('select state, engine_ref, ends_by from attempt where id = $1', [attemptId])).toEqual([
      { state: 'running', engine_ref: 'engine-7', ends_by: t0 + 2000 + HOUR },
    ]);
    expect(await store.ended([endOf(attemptId)])).toEqual([
      { jobId, attemptId, poolId: 'pinned', class: 'training', outcome: 'completed', jobState: 'completed', submittedAt: t0,
        startedAt: t0 + 2000, endedAt: t0 + HOUR, limitSeconds: 3600 },
    ]); // prettier-ignore
    const events = await jobs.events(tenantKey('blue'), jobId, 0);
    expect(events?.map((event) => event.kind)).toEqual(['submitted', 'placed', 'released', 'started', 'completed']);
    expect(await jobs.get(tenantKey('blue'), jobId)).toMatchObject({
      state: 'completed', startedAt: t0 + 2000, endedAt: t0 + HOUR, exitCode: 0, placement: { state: 'completed' },
    }); // prettier-ignore
    expect(await rowsOf('select sum(used_cards) as used from node')).toEqual([{ used: 0 }]);
  });

  it('is changed by no word that is late or said twice, and nothing is freed twice', async () => {
    const other = await aPlacedJob();
    const placed = await aPlacedJob();
    const words = [
      () => store.prepared(placed.attemptId, 'ref'),
      () => store.released(placed.attemptId, t0 + 1000),
      () => store.started([{ attemptId: placed.attemptId, startedAt: t0 + 2000, nodeIds: ['pinned-a-0003'] }]),
      () => store.ended([endOf(placed.attemptId), endOf(placed.attemptId, { outcome: 'failed' })]),
    ];
    for (const [index, word] of words.entries()) {
      await word();
      const after = await everything(placed);
      for (const repeated of words.slice(0, index + 1)) await repeated();
      expect(await everything(placed)).toEqual(after);
    }
    expect(await store.ended([endOf(placed.attemptId, { outcome: 'lost' })])).toEqual([]);
    expect(await store.released(placed.attemptId, t0)).toBe(false);
    expect(await rowsOf(`select used_cards from node where id = 'pinned-a-0001'`)).toEqual([{ used_cards: 1 }]);
    await store.ended([endOf(other.attemptId)]);
  });

  it('said to have ended by ten at once ends once', async () => {
    const placed = await aPlacedJob();
    const told = await Promise.all(Array.from({ length: 10 }, () => store.ended([endOf(placed.attemptId)])));
    expect(told.flat()).toHaveLength(1);
    expect(await rowsOf('select sum(used_cards) as used from node')).toEqual([{ used: 0 }]);
  });

  it('ends from any state when replies in between were lost, and then knows the start the engine tells', async () => {
    const placed = await aPlacedJob({ tenantId: 'green' });
    const [ended] = await store.ended([
      endOf(placed.attemptId, { startedAt: t0 + 5000, outcome: 'timeout', exitCode: 137 }),
    ]);
    expect(ended).toMatchObject({ jobState: 'timeout', startedAt: t0 + 5000 });
  });

  it('in a delegated pool gets its nodes when the engine tells them, and gives back the group’s count', async () => {
    const placed = await aPlacedJob({ nodes: 2 }, 'delegated-a');
    const allocated = () => rowsOf(`select allocated_cards from node_group where id = 'delegated-a'`);
    expect(await allocated()).toEqual([{ allocated_cards: 2 }]);
    await store.started([{ attemptId: placed.attemptId, startedAt: t0, nodeIds: [] }]);
    await store.started([
      {
        attemptId: placed.attemptId,
        startedAt: t0 + 9000,
        nodeIds: ['delegated-a-0003', 'delegated-a-0004', 'pinned-a-0001'],
      },
    ]);
    const [held] = await store.holding('delegated');
    expect(held).toMatchObject({ startedAt: t0, nodeIds: ['delegated-a-0003', 'delegated-a-0004'] });
    await store.ended([endOf(placed.attemptId)]);
    expect(await allocated()).toEqual([{ allocated_cards: 0 }]);
    expect(await rowsOf(`select sum(used_cards) as used from node`)).toEqual([{ used: 0 }]);
  });
});

describe('what becomes of the job', () => {
  const outcomes = {
    'a failure fails it': { outcome: 'failed', want: 'failed' },
    'a time-out ends it': { outcome: 'timeout', want: 'timeout' },
    'a cancellation in the engine cancels it': { outcome: 'cancelled', want: 'cancelled' },
    'a loss puts it back into the queue': { outcome: 'lost', want: 'queued' },
    'a rejection puts it back into the queue': { outcome: 'rejected', want: 'queued' },
  } as const;
  it.each(Object.entries(outcomes))('%s', async (_sentence, { outcome, want }) => {
    const { jobId, attemptId } = await aPlacedJob();
    expect(await store.ended([endOf(attemptId, { outcome, detail: 'because' })])).toMatchObject([{ jobState: want }]);
    expect(await jobs.get(tenantKey('blue'), jobId)).toMatchObject({
      state: want,
      endedAt: want === 'queued' ? null : t0 + HOUR,
      detail: 'because',
    });
    const audits = await rowsOf(
      `select detail ->> 'why' as why from audit_record where action = 'attempt.lost' and subject = $1`,
      [attemptId],
    );
    expect(audits).toEqual(outcome === 'lost' ? [{ why: 'because' }] : []);
    const changes = await rowsOf(`select 1 from change where kind = 'job' and subject = $1`, [jobId]);
    expect(changes).toHaveLength(want === 'queued' ? 3 : 2); // submitted, placed, queued again
  });

  it('three lost attempts are enough', async () => {
    const first = await aPlacedJob();
    const states = [];
    for (let attemptId = first.attemptId; attemptId !== '';) {
      const [ended] = await store.ended([endOf(attemptId, { outcome: 'lost' })]);
      states.push(ended?.jobState);
      attemptId = ended?.jobState === 'queued' ? await placeAgain(first.jobId) : '';
    }
    expect(states).toEqual(['queued', 'queued', 'failed']);
    expect(await rowsOf('select number from attempt where job_id = $1 order by number', [first.jobId])).toEqual([
      { number: 1 },
      { number: 2 },
      { number: 3 },
    ]);
  });

  it('a pool that rejected it is avoided, and named once', async () => {
    const { jobId, attemptId } = await aPlacedJob();
    await store.ended([endOf(attemptId, { outcome: 'rejected' })]);
    await store.ended([endOf(await placeAgain(jobId), { outcome: 'rejected' })]);
    expect(await rowsOf('select avoid_pools from job where id = $1', [jobId])).toEqual([{ avoid_pools: ['pinned'] }]);
  });

  it('one that is being cancelled is not released, keeps its state when it turns out to run, and gets no other try', async () => {
    const { jobId, attemptId } = await aPlacedJob();
    await store.prepared(attemptId, 'held');
    await jobs.cancel(tenantKey('blue'), jobId, t0 + 500);
    expect(await store.released(attemptId, t0 + 1000)).toBe(false);
    await store.started([{ attemptId, startedAt: t0 + 1500, nodeIds: [] }]);
    expect(await jobs.get(tenantKey('blue'), jobId)).toMatchObject({ state: 'cancelling', startedAt: t0 + 1500 });
    expect(await store.ended([endOf(attemptId, { outcome: 'lost' })])).toMatchObject([{ jobState: 'cancelled' }]);
  });
});

it('use is accrued to the tenant, once, decayed to the latest end', async () => {
  const [early, late] = [
    await aPlacedJob({ tenantId: 'red', nodes: 2, perNode: { cards: 3, cores: 1, memoryGiB: 1 } }),
    await aPlacedJob({ tenantId: 'red' }),
  ];
  const fortnight = 14 * 24 * HOUR;
  const endings = [
    endOf(late.attemptId, { startedAt: t0 + fortnight, endedAt: t0 + fortnight + HOUR }),
    endOf(early.attemptId, { startedAt: t0, endedAt: t0 + HOUR }),
  ];
  for (const ending of endings) await store.ended([ending]);
  await store.ended(endings);
  const { rows } = await system.query<{ used: number; asOf: number }>(
    `select used_card_seconds as used, used_as_of as "asOf" from tenant where id = 'red'`,
  );
  expect(rows).toEqual([{ used: expect.closeTo(3600 + (6 * 3600) / 2, 6), asOf: t0 + fortnight + HOUR }]);
  expect(await rowsOf(`select 1 from change where kind = 'tenant' and subject = 'red'`)).toHaveLength(2);
});
