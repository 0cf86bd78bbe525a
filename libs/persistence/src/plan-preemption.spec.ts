import { setTimeout as sleep } from 'node:timers/promises';
import { type FreshDatabase, aNewJob, aUuid, freshDatabase, runWork, seedMinimal, testEpoch } from '#libs/testing';
import { PostgresAttemptStore } from './attempt-store.js';
import { PostgresBulkSubmit } from './bulk-submit.js';
import { openDatabase, type Database } from './database.js';
import { PostgresJobStore } from './job-store.js';
import { PostgresPlanCommitter } from './plan-committer.js';
import { PostgresPlannerFeed } from './planner-feed.js';

let fresh: FreshDatabase;
let system: Database;
let committer: PostgresPlanCommitter;
let attempts: PostgresAttemptStore;
let feed: PostgresPlannerFeed;
beforeAll(async () => {
  fresh = await freshDatabase();
  await seedMinimal(fresh.url);
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 4 });
  committer = new PostgresPlanCommitter(system);
  attempts = new PostgresAttemptStore(system);
  feed = new PostgresPlannerFeed(system);
});
afterAll(async () => {
  await system?.close();
  await fresh?.drop();
});
beforeEach(async () => {
  await system.query(`update attempt set state = 'lost', ended_at = now() where ended_at is null`);
  await system.query('update node set used_cards = 0, used_cores = 0, used_memory_gib = 0');
});

const LATER = testEpoch + 5000_000;
const one = async (sql: string, values: readonly unknown[] = []): Promise<Record<string, unknown>> =>
  (await system.query<Record<string, unknown>>(sql, values)).rows[0] ?? {};

/** A victim that runs and a job that waits for its node; the plan that puts the one out for the other. */
async function scene(flexibility = { preemptible: true, checkpointIntervalSeconds: 600 }, nodeIndex = 0) {
  const waiting = aNewJob({ tenantId: 'green' });
  await new PostgresBulkSubmit(system).submitAll([waiting]);
  const victim = await runWork(system, { nodeIndices: [nodeIndex] });
  await system.query(`update job set request = request || jsonb_build_object('flexibility', $2::jsonb) where id = $1`, [
    victim.jobId,
    JSON.stringify(flexibility),
  ]);
  const plan = {
    epoch: 0,
    cycle: 9,
    now: LATER,
    starts: [],
    preemptions: [
      {
        attemptId: victim.attemptId,
        jobId: victim.jobId,
        reason: 'priority' as const,
        forJobId: waiting.id,
        at: LATER / 1000,
        lostNodeSeconds: 200,
      },
    ],
    claims: [{ jobId: waiting.id, groupId: 'pinned-a', poolId: 'pinned', nodeIndices: [nodeIndex] }],
  };
  return { waiting, victim, plan };
}

async function untilSomebodyWaits(): Promise<void> {
  const owner = openDatabase(fresh.url, { role: 'owner', max: 1 }); // others may not see what a session waits for
  const waiting = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
  while ((await owner.query(waiting)).rowCount === 0) await sleep(5);
  await owner.close();
}

const endedBy = (attemptId: string, outcome: 'cancelled' | 'completed') =>
  attempts.ended([{ attemptId, outcome, endedAt: LATER + 1000, startedAt: null, exitCode: 143 }]);

describe('preemption in the database', () => {
  it('tells the victim to stop once, claims its nodes, and both are heard by the planner', async () => {
    const { waiting, victim, plan } = await scene(undefined, 1);
    const { cursor } = await feed.cold(LATER);
    const told = { attemptId: victim.attemptId, poolId: 'pinned', reason: 'priority' };
    expect(await committer.commit(plan)).toEqual({ kind: 'committed', started: [], refused: [], preempted: [told] });
    expect(await committer.commit(plan)).toMatchObject({ preempted: [] });
    expect(
      await one(`select count(*) as n from outbox where kind = 'cancel' and attempt_id = $1`, [victim.attemptId]),
    ).toEqual({ n: 1 });
    const heard = await feed.since(cursor, LATER);
    const deltas = heard.kind === 'deltas' ? heard.deltas : [];
    expect(deltas).toContainEqual({
      kind: 'window-set',
      window: {
        id: `claim:${waiting.id}`,
        groupId: 'pinned-a',
        nodeIndices: [1],
        from: LATER / 1000,
        until: LATER / 1000 + 900 + 3600, // and as long as it will run
        kind: 'claim',
        openTo: { jobs: [waiting.id] },
      },
    });
    expect(deltas).toContainEqual({
      kind: 'attempt-changed',
      attempt: expect.objectContaining({
        attemptId: victim.attemptId,
        leaving: true,
        preemptible: true,
        checkpointInterval: 600,
      }),
    });
  });

  it('a victim that was stopped waits again with what its checkpoints have kept, and has lost no try', async () => {
    const { victim, plan } = await scene(undefined, 2);
    const before = await one('select tries_left from job where id = $1', [victim.jobId]);
    await committer.commit(plan);
    expect(await endedBy(victim.attemptId, 'cancelled')).toMatchObject([{ outcome: 'preempted', jobState: 'queued' }]);
    // It ran 5,001 s; the checkpoint at 4,800 s counts.
    expect(
      await one('select state, preemptions, progress_seconds, tries_left from job where id = $1', [victim.jobId]),
    ).toEqual({
      state: 'queued',
      preemptions: 1,
      progress_seconds: 4800,
      tries_left: Number(before['tries_left']) + 1, // the one that its placement took
    });
    const { snapshot } = await feed.cold(LATER);
    expect(snapshot.queued.find((job) => job.id === victim.jobId)).toMatchObject({
      limit: 86_400 - 4800,
      preemptions: 1,
      preemptible: true,
    });
    expect(await one(`select sum(card_ms) as lost from job_total_news where word = 'preempted'`)).toEqual({
      lost: BigInt(8 * 201_000),
    });
  });
});

describe('what is looked at again when the plan is committed', () => {
  it('a victim that ends while the plan is committed is waited for, never in a circle', async () => {
    const { victim, plan } = await scene(undefined, 1);
    const starting = aNewJob({ tenantId: 'green' });
    await new PostgresBulkSubmit(system).submitAll([starting]);
    const { perNode, nodes, id: jobId, tenantId } = starting;
    const start = {
      jobId, tenantId, nodes, perNode, attemptId: aUuid(), groupId: 'pinned-a', poolId: 'pinned', nodeIndices: [0],
      endsBy: LATER / 1000 + 3600, backfilled: false, score: 1,
    }; // prettier-ignore
    let committed: ReturnType<typeof committer.commit> | undefined;
    await system.transaction(async (ending) => {
      // As attempts end: first the job, then nodes, among them one that the plan starts something on.
      await ending.query('select from job where id = $1 for no key update', [victim.jobId]);
      committed = committer.commit({ ...plan, starts: [start] });
      await untilSomebodyWaits();
      await ending.query(`select from node where group_id = 'pinned-a' and index = 0 for no key update`);
    });
    expect(await committed).toMatchObject({ started: [{ jobId }], preempted: [{ attemptId: victim.attemptId }] });
  });

  it('nobody is put out for a job that does not wait any more', async () => {
    const { waiting, victim, plan } = await scene(undefined, 2);
    await system.query(`update job set state = 'cancelled', ended_at = now() where id = $1`, [waiting.id]);
    expect(await committer.commit(plan)).toMatchObject({ preempted: [] });
    expect(await one('select preempt_at from attempt where id = $1', [victim.attemptId])).toEqual({ preempt_at: null });
    expect(await one('select count(*) as n from claim where job_id = $1', [waiting.id])).toEqual({ n: 0 });
  });

  it('a job that makes room for itself, to go on with more nodes, has those kept for it', async () => {
    const { victim, plan } = await scene(undefined, 2);
    const grows = {
      ...plan,
      preemptions: plan.preemptions.map((one) => ({ ...one, reason: 'grow' as const, forJobId: victim.jobId })),
      claims: plan.claims.map((one) => ({ ...one, jobId: victim.jobId })),
    };
    expect(await committer.commit(grows)).toMatchObject({ preempted: [{ attemptId: victim.attemptId }] });
    expect(await one('select count(*) as n from claim where job_id = $1', [victim.jobId])).toEqual({ n: 1 });
  });
});

describe('what becomes of victims and claims', () => {
  it('without checkpoints it starts from nothing', async () => {
    const { victim, plan } = await scene({ preemptible: true } as never, 3);
    await committer.commit(plan);
    await endedBy(victim.attemptId, 'cancelled');
    expect(await one('select state, progress_seconds from job where id = $1', [victim.jobId])).toEqual({
      state: 'queued',
      progress_seconds: 0,
    });
  });

  it('a victim that came to its own end meanwhile has ended, and one that its tenant cancels is cancelled', async () => {
    const done = await scene(undefined, 0);
    await committer.commit(done.plan);
    expect(await endedBy(done.victim.attemptId, 'completed')).toMatchObject([{ jobState: 'completed' }]);
    const dropped = await scene(undefined, 1);
    await committer.commit(dropped.plan);
    const app = openDatabase(fresh.url, { role: 'chusuan_app', max: 1 });
    await new PostgresJobStore(app).cancel(
      { keyId: 'k', role: 'tenant', tenantId: 'blue', tenants: ['blue'] },
      dropped.victim.jobId,
      LATER,
    );
    await app.close();
    expect(await endedBy(dropped.victim.attemptId, 'cancelled')).toMatchObject([{ jobState: 'cancelled' }]);
  });

  it('a claim that is not used in time is dropped, and its job has had one more', async () => {
    const { waiting, plan } = await scene(undefined, 3);
    await committer.commit(plan);
    const { cursor } = await feed.cold(LATER);
    await committer.dropClaims(LATER + 900_000 - 1);
    expect(await feed.since(cursor, LATER)).toMatchObject({ deltas: [] });
    await committer.dropClaims(LATER + 900_000);
    const heard = await feed.since(cursor, LATER);
    expect(heard).toMatchObject({
      deltas: expect.arrayContaining([{ kind: 'window-gone', windowId: `claim:${waiting.id}` }]),
    });
    const { snapshot } = await feed.cold(LATER);
    expect(snapshot.queued.find((job) => job.id === waiting.id)).toMatchObject({ claims: 1 });
  });

  it('the claim goes when its job moves', async () => {
    const { waiting, plan } = await scene(undefined, 2);
    await committer.commit(plan);
    const { cursor } = await feed.cold(LATER);
    await system.query(`update job set state = 'cancelled', ended_at = now() where id = $1`, [waiting.id]);
    const heard = await feed.since(cursor, LATER);
    expect(heard).toMatchObject({
      deltas: expect.arrayContaining([{ kind: 'window-gone', windowId: `claim:${waiting.id}` }]),
    });
  });
});
