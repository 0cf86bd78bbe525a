import { type FreshDatabase, aGroup, aNewJob, aPool, aTenant, aUuid, freshDatabase, insertRows } from '#libs/testing';
import { PostgresBulkSubmit } from './bulk-submit.js';
import { openDatabase, type Database } from './database.js';
import { PostgresLeaseStore } from './lease-store.js';
import { PostgresPlanCommitter, type PlanToCommit } from './plan-committer.js';

type Start = PlanToCommit['starts'][number];
const t0 = Date.parse('2026-11-22T02:00:00Z');

let fresh: FreshDatabase;
let system: Database;
let owner: Database; // sees what other sessions wait for
let committer: PostgresPlanCommitter;
beforeAll(async () => {
  fresh = await freshDatabase();
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 8 });
  owner = openDatabase(fresh.url, { role: 'owner', max: 3 });
  committer = new PostgresPlanCommitter(system);
  await insertRows(system, {
    tenants: [aTenant('blue')],
    pools: [
      aPool('pinned', { groups: [aGroup('pinned-a', { nodes: 40 })] }),
      aPool('delegated', { placement: 'delegated' }),
      aPool('closed', { enabled: false }),
      aPool('wide', { groups: [aGroup('wide-a', { nodes: 1000 })] }),
    ],
  });
});
afterAll(async () => {
  await system?.close();
  await owner?.close();
  await fresh?.drop();
});

async function queue(...jobs: ReturnType<typeof aNewJob>[]): Promise<void> {
  await new PostgresBulkSubmit(system).submitAll(jobs);
}
const startOf = (job: ReturnType<typeof aNewJob>, named: Partial<Start> = {}): Start => ({
  jobId: job.id, attemptId: aUuid(), groupId: 'pinned-a', poolId: 'pinned', nodeIndices: [0], endsBy: t0 / 1000 + 3600, backfilled: false,
  score: 1, tenantId: job.tenantId, nodes: job.nodes, perNode: job.perNode, ...named,
}); // prettier-ignore
const commit = (starts: readonly Start[], epoch = 0) => committer.commit({ epoch, cycle: 7, now: t0, starts });
const rowsOf = async (sql: string, values: readonly unknown[] = []) => (await system.query(sql, values)).rows;

describe('a plan that still holds', () => {
  it('takes the nodes of a pinned pool and writes attempt, places, message, event and changes', async () => {
    const job = aNewJob({ nodes: 2, perNode: { cards: 8, cores: 32, memoryGiB: 100 } });
    await queue(job);
    const start = startOf(job, { nodeIndices: [3, 4], backfilled: true });
    expect(await commit([start])).toEqual({
      kind: 'committed', started: [{ attemptId: start.attemptId, jobId: job.id, start }], refused: [], preempted: [],
    }); // prettier-ignore
    expect(
      await rowsOf('select node_id, cards, cores from placement_node where attempt_id = $1 order by 1', [
        start.attemptId,
      ]),
    ).toEqual([
      { node_id: 'pinned-a-0004', cards: 8, cores: 32 },
      { node_id: 'pinned-a-0005', cards: 8, cores: 32 },
    ]);
    expect(await rowsOf(`select used_cards, used_cores, used_memory_gib from node where id = 'pinned-a-0004'`)).toEqual(
      [{ used_cards: 8, used_cores: 32, used_memory_gib: 100 }],
    );
    expect(await rowsOf('select state, attempts, tries_left from job where id = $1', [job.id])).toEqual([
      { state: 'placed', attempts: 1, tries_left: 2 },
    ]);
    expect(
      await rowsOf('select number, state, epoch, cycle, placed_at, backfilled from attempt where id = $1', [
        start.attemptId,
      ]),
    ).toEqual([{ number: 1, state: 'placed', epoch: 0, cycle: 7, placed_at: t0, backfilled: true }]);
    expect(await rowsOf('select kind from outbox where attempt_id = $1', [start.attemptId])).toEqual([
      { kind: 'dispatch' },
    ]);
    expect(await rowsOf('select kind from job_event where job_id = $1 order by id', [job.id])).toEqual([
      { kind: 'submitted' },
      { kind: 'placed' },
    ]);
    expect(await rowsOf('select kind from change where subject = any($1) order by kind', [[job.id, start.attemptId]])).toEqual([
      { kind: 'attempt' }, { kind: 'job' }, { kind: 'job' },
    ]); // prettier-ignore
  });

  it('counts on the group where the engine chooses the nodes, and names none', async () => {
    const job = aNewJob({ nodes: 3, perNode: { cards: 8, cores: 8, memoryGiB: 8 } });
    await queue(job);
    const start = startOf(job, { groupId: 'delegated-a', poolId: 'delegated', nodeIndices: [] });
    expect(await commit([start])).toMatchObject({ started: [{ jobId: job.id }] });
    expect(await rowsOf(`select allocated_cards, allocated_cores from node_group where id = 'delegated-a'`)).toEqual([
      { allocated_cards: 24, allocated_cores: 24 },
    ]);
    expect(await rowsOf('select * from placement_node where attempt_id = $1', [start.attemptId])).toEqual([]);
    expect(await rowsOf(`select sum(used_cards) as used from node where group_id = 'delegated-a'`)).toEqual([
      { used: 0 },
    ]);
  });

  it('said again, after the answer was lost, is answered as the first time and writes nothing twice', async () => {
    const job = aNewJob();
    await queue(job);
    const start = startOf(job, { nodeIndices: [6] });
    const first = await commit([start]);
    expect(await commit([start])).toEqual(first);
    expect(await rowsOf(`select used_cards from node where id = 'pinned-a-0007'`)).toEqual([{ used_cards: 1 }]);
    expect(await rowsOf('select kind from outbox where attempt_id = $1', [start.attemptId])).toHaveLength(1);
  });
});

describe('parts of a plan that the world has overtaken', () => {
  const whole = { cards: 8, cores: 8, memoryGiB: 8 };
  type Case = { want: 'job-moved' | 'capacity-taken'; start: Partial<Start>; before?: string; perNode?: typeof whole };
  const cases: Record<string, Case> = {
    'the job was cancelled': { want: 'job-moved', start: { nodeIndices: [10] }, before: `update job set state = 'cancelled' where id = $1` },
    'the job wants another number of nodes': { want: 'job-moved', start: { nodeIndices: [10, 11] } },
    'the node was drained': { want: 'capacity-taken', start: { nodeIndices: [12] }, before: `update node set state = 'drained' where id = 'pinned-a-0013' and $1 <> ''` },
    'the node is full': { want: 'capacity-taken', start: { nodeIndices: [13] }, before: `update node set used_cards = 1 where id = 'pinned-a-0014' and $1 <> ''`, perNode: whole },
    'the node does not exist any more': { want: 'capacity-taken', start: { nodeIndices: [999] } },
    'the pool was closed': { want: 'capacity-taken', start: { groupId: 'closed-a', poolId: 'closed' } },
    'the delegated group has too few cards left': { want: 'capacity-taken', start: { groupId: 'delegated-a', poolId: 'delegated' }, before: `update node_group set usable_cards = allocated_cards + 7 where id = 'delegated-a' and $1 <> ''`, perNode: whole },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s: that start is refused and the others go on', async (_sentence, c) => {
    const [one, other] = [
      aNewJob({ perNode: c.perNode ?? { cards: 1, cores: 1, memoryGiB: 1 } }),
      aNewJob({ perNode: { cards: 0, cores: 1, memoryGiB: 1 } }),
    ];
    await queue(one, other);
    if (c.before)
      await system.query(c.before.replace('$1', '$1::text').replace('id = $1::text', 'id = $1::uuid'), [one.id]);
    expect(await commit([startOf(one, c.start), startOf(other, { nodeIndices: [20] })])).toMatchObject({
      kind: 'committed', started: [{ jobId: other.id }], refused: [{ jobId: one.id, why: c.want }],
    }); // prettier-ignore
    expect(await rowsOf('select 1 from attempt where job_id = $1', [one.id])).toEqual([]);
  });

  it('two starts on one node in one plan: the first that fits has it, and a later smaller one may still fit', async () => {
    const jobs = [6, 4, 2].map((cards) => aNewJob({ perNode: { cards, cores: 1, memoryGiB: 1 } }));
    await queue(...jobs);
    expect(await commit(jobs.map((job) => startOf(job, { nodeIndices: [30] })))).toMatchObject({
      started: [{ jobId: jobs[0]?.id }, { jobId: jobs[2]?.id }], refused: [{ jobId: jobs[1]?.id, why: 'capacity-taken' }],
    }); // prettier-ignore
  });

  it('a gang of which one node is gone takes none', async () => {
    const job = aNewJob({ nodes: 2 });
    await queue(job);
    await system.query(`update node set state = 'down' where id = 'pinned-a-0033'`);
    expect(await commit([startOf(job, { nodeIndices: [31, 32] })])).toMatchObject({
      refused: [{ why: 'capacity-taken' }],
    });
    expect(await rowsOf(`select used_cards from node where id = 'pinned-a-0032'`)).toEqual([{ used_cards: 0 }]);
  });
});

describe('the fence', () => {
  it('turns away a plan of an older epoch whole', async () => {
    const lease = new PostgresLeaseStore(system);
    const job = aNewJob();
    await queue(job);
    const { epoch } = await lease.acquire('a', 0);
    const later = await lease.acquire('b', 0);
    expect(later).toEqual({ leading: true, epoch: epoch + 1 });
    expect(await commit([startOf(job, { nodeIndices: [35] })], epoch)).toEqual({ kind: 'fenced', epoch: epoch + 1 });
    expect(await rowsOf('select state from job where id = $1', [job.id])).toEqual([{ state: 'queued' }]);
    expect(await commit([startOf(job, { nodeIndices: [35] })], epoch + 1)).toMatchObject({ kind: 'committed' });
  });

  it('makes a take-over wait for a commit under way, and the next commit of the old leader see it', async () => {
    const lease = new PostgresLeaseStore(system);
    const job = aNewJob();
    await queue(job);
    const { epoch } = await lease.acquire('c', 0);
    const order: string[] = [];
    const taken = await system.transaction(async (session) => {
      await session.query(`select 1 from job where id = $1 for update`, [job.id]); // the commit will wait here, lease in hand
      const committing = commit([startOf(job, { nodeIndices: [36] })], epoch).then(
        (answer) => (order.push('commit'), answer),
      );
      while (!(await waits('plan-lock-jobs'))) await system.query('select pg_sleep(0.01)');
      const taking = lease.acquire('d', 1000).then((answer) => (order.push('take-over'), answer));
      while (!(await waits('lease-take'))) await system.query('select pg_sleep(0.01)');
      expect(order).toEqual([]); // who hears of it first later is chance: a commit frees its locks before it answers
      return { committing, taking };
    });
    expect(await taken.committing).toMatchObject({ kind: 'committed', started: [{ jobId: job.id }] });
    expect(await taken.taking).toEqual({ leading: true, epoch: epoch + 1 });
    expect(await commit([startOf(job)], epoch)).toEqual({ kind: 'fenced', epoch: epoch + 1 });
  });
  const waits = async (what: 'plan-lock-jobs' | 'lease-take'): Promise<boolean> => {
    const text = what === 'lease-take' ? 'update lease set epoch%' : 'select id, state, nodes%';
    return (
      (
        await owner.query(
          `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like $1`,
          [text],
        )
      ).rowCount > 0
    );
  };
});

it('leaves nothing of a commit whose connection dies half-way', async () => {
  const { epoch } = await new PostgresLeaseStore(system).acquire('d', 1000);
  const jobs = Array.from({ length: 5 }, () => aNewJob());
  await queue(...jobs);
  const starts = jobs.map((job) => startOf(job, { nodeIndices: [37] }));
  const doomed = openDatabase(fresh.url, { role: 'chusuan_system', max: 1, applicationName: 'doomed' });
  const waiting = `pg_stat_activity where datname = current_database() and application_name = 'doomed' and wait_event_type = 'Lock'`;
  const plan = { epoch, cycle: 8, now: t0, starts };
  // Another session has put an attempt with the last start's id but not committed it: the writing statement waits there, with
  // jobs moved, nodes taken and attempts inserted before it.
  await owner.transaction(async (session) => {
    await session.query(
      `insert into attempt (id, job_id, number, tenant_id, class, pool_id, group_id, placement, nodes, cards, cores, memory_gib,
         limit_seconds, placed_at, ends_by, backfilled, epoch, cycle, state)
       select $1, $2, 99, 'blue', 'training', 'pinned', 'pinned-a', 'pinned', 1, 1, 1, 1, 1, now(), now(), false, 0, 0, 'lost'`,
      [starts.at(-1)?.attemptId, (await rowsOf(`select id from job where state = 'cancelled' limit 1`))[0]?.['id']],
    );
    const outcome = new PostgresPlanCommitter(doomed).commit(plan).then(
      () => 'committed',
      () => 'lost',
    );
    while ((await owner.query(`select 1 from ${waiting} and query like 'with start as%'`)).rowCount === 0)
      await owner.query('select pg_sleep(0.01)');
    await owner.query(`select pg_terminate_backend(pid) from ${waiting}`);
    expect(await outcome).toBe('lost');
    await session.query('delete from attempt where id = $1', [starts.at(-1)?.attemptId]);
  });
  await doomed.close();
  expect(await rowsOf(`select used_cards from node where id = 'pinned-a-0038'`)).toEqual([{ used_cards: 0 }]);
  expect(await rowsOf('select 1 from attempt where job_id = any($1)', [jobs.map((job) => job.id)])).toEqual([]);
  expect(
    await rowsOf('select 1 from outbox where attempt_id = any($1)', [starts.map((start) => start.attemptId)]),
  ).toEqual([]);
  expect(
    await rowsOf(`select 1 from job where id = any($1) and state = 'queued'`, [jobs.map((job) => job.id)]),
  ).toHaveLength(5);
  expect(await committer.commit(plan)).toMatchObject({ refused: [], started: { length: 5 } });
});

it('writes 200 starts on 1,000 nodes in one go', async () => {
  const { epoch } = await new PostgresLeaseStore(system).acquire('d', 1000);
  const jobs = Array.from({ length: 200 }, () =>
    aNewJob({ nodes: 5, perNode: { cards: 8, cores: 64, memoryGiB: 512 } }),
  );
  await queue(...jobs);
  const starts = jobs.map((job, i) =>
    startOf(job, { groupId: 'wide-a', poolId: 'wide', nodeIndices: [0, 1, 2, 3, 4].map((k) => i * 5 + k) }),
  );
  const began = performance.now();
  const committed = await committer.commit({ epoch, cycle: 9, now: t0, starts });
  if (process.env['CHUSUAN_TEST_TIMES'])
    console.warn(`200 starts on 1,000 nodes: ${(performance.now() - began).toFixed(1)} ms`);
  expect(committed).toMatchObject({ refused: [], started: { length: 200 } });
  expect(
    await rowsOf(`select count(*) as full from node where group_id = 'wide-a' and used_cards = installed_cards`),
  ).toEqual([{ full: 1000 }]);
});
