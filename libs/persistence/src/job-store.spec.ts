import { createHash } from 'node:crypto';
import type { IdempotencyClaim } from '#libs/application';
import {
  type FreshDatabase,
  aNewJob,
  aTenant,
  aUuid,
  freshDatabase,
  operatorKey,
  seedMinimal,
  tenantKey,
} from '#libs/testing';
import { PostgresAttemptStore } from './attempt-store.js';
import { PostgresBulkSubmit } from './bulk-submit.js';
import { PostgresCycleLog } from './cycle-log.js';
import { openDatabase, type Database } from './database.js';
import { PostgresJobStore } from './job-store.js';
import { PostgresPlanCommitter } from './plan-committer.js';

const blue = tenantKey('blue');
const green = tenantKey('green');
const bureau = operatorKey(['blue', 'green']);
const t0 = Date.parse('2026-11-22T02:00:00Z');

let fresh: FreshDatabase;
let app: Database;
let system: Database;
let store: PostgresJobStore;
beforeAll(async () => {
  fresh = await freshDatabase();
  await seedMinimal(fresh.url, { tenants: [aTenant('blue'), aTenant('green'), aTenant('red')] });
  app = openDatabase(fresh.url, { role: 'chusuan_app', max: 16 });
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 4 });
  store = new PostgresJobStore(app);
});
afterAll(async () => {
  await app?.close();
  await system?.close();
  await fresh?.drop();
});

const claimOf = (key: string, body: unknown, owner = 'blue'): IdempotencyClaim => ({
  owner,
  key,
  fingerprint: createHash('sha256').update(JSON.stringify(body)).digest(),
  status: 201,
  body,
});
const count = async (sql: string, values: readonly unknown[] = []): Promise<number> =>
  (await system.query<{ n: number }>(`select count(*) as n from ${sql}`, values)).rows[0]?.n ?? -1;

let indexInPool = 0;
async function place(jobId: string): Promise<string> {
  const attemptId = aUuid();
  const start = {
    jobId, attemptId, groupId: 'pinned-a', poolId: 'pinned', nodeIndices: [indexInPool++ % 4], endsBy: t0 / 1000 + 3600,
    backfilled: true, score: 1, tenantId: 'blue', nodes: 1, perNode: { cards: 1, cores: 8, memoryGiB: 64 },
  }; // prettier-ignore
  const committed = await new PostgresPlanCommitter(system).commit({ epoch: 0, cycle: 1, now: t0, starts: [start] });
  expect(committed).toMatchObject({ kind: 'committed', refused: [] });
  return attemptId;
}

describe('a submission', () => {
  it('leaves a queued job with its event, its change and its audit record', async () => {
    const job = aNewJob();
    expect(await store.submit(blue, job, null)).toEqual({ kind: 'stored' });
    expect(await store.get(blue, job.id)).toMatchObject({
      id: job.id, tenantId: 'blue', state: 'queued', request: job.request, submittedAt: job.submittedAt, attempts: 0,
      placement: null, verdict: null,
    }); // prettier-ignore
    expect(await store.events(blue, job.id, 0)).toMatchObject([{ kind: 'submitted', at: job.submittedAt }]);
    expect(await count(`change where kind = 'job' and subject = $1`, [job.id])).toBe(1);
    expect(
      await count(`audit_record where action = 'job.submit' and subject = $1 and actor = 'tenant:key-of-blue'`, [
        job.id,
      ]),
    ).toBe(1);
  });

  it('made 50 times at once with one key makes one job and gives everybody the same answer', async () => {
    const jobs = Array.from({ length: 50 }, () => aNewJob({ name: 'fifty' }));
    const outcomes = await Promise.all(
      jobs.map((job) => store.submit(blue, job, { ...claimOf('fifty', 'one body'), body: { id: job.id } })),
    );
    const winner = jobs[outcomes.findIndex((outcome) => outcome.kind === 'stored')];
    expect(outcomes.filter((outcome) => outcome.kind === 'stored')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome.kind === 'replayed')).toHaveLength(49);
    expect(new Set(outcomes.flatMap((o) => (o.kind === 'replayed' ? [JSON.stringify(o.body)] : [])))).toEqual(
      new Set([JSON.stringify({ id: winner?.id })]),
    );
    expect(await count(`job where name = 'fifty'`)).toBe(1);
    expect(await count(`job_event e join job j on j.id = e.job_id where j.name = 'fifty'`)).toBe(1);
  });

  it('with a known key and another body is told so and stores nothing', async () => {
    await store.submit(blue, aNewJob(), claimOf('mine', { a: 1 }));
    const second = aNewJob();
    expect(await store.submit(blue, second, claimOf('mine', { a: 2 }))).toEqual({ kind: 'key-reused' });
    expect(await store.get(blue, second.id)).toBeNull();
  });

  it('finds only its own keys: two tenants may use the same one', async () => {
    expect(await store.submit(blue, aNewJob(), claimOf('shared', 1))).toEqual({ kind: 'stored' });
    expect(await store.submit(green, aNewJob({ tenantId: 'green' }), claimOf('shared', 2, 'green'))).toEqual({
      kind: 'stored',
    });
  });

  it('for a tenant the key does not cover is refused by the database and stores nothing, the claim included', async () => {
    const job = aNewJob({ tenantId: 'green' });
    await expect(store.submit(blue, job, claimOf('foreign', 1))).rejects.toThrow(/row-level security/);
    expect(await count('job where id = $1', [job.id])).toBe(0);
    expect(await count(`idempotency_key where key = 'foreign'`)).toBe(0);
  });

  it('whose connection dies before the commit leaves nothing, and the same key then works', async () => {
    const job = aNewJob({ name: 'cut-off' });
    const owner = openDatabase(fresh.url, { role: 'owner', max: 2 });
    const doomed = openDatabase(fresh.url, { role: 'chusuan_app', max: 1, applicationName: 'doomed' });
    const waiting = `pg_stat_activity where datname = current_database() and application_name = 'doomed' and wait_event_type = 'Lock'`;
    // The tenant's row is kept, so that the submission waits inside its statement with half of its rows written.
    await owner.transaction(async (session) => {
      await session.query(`select 1 from tenant where id = 'blue' for update`);
      const outcome = new PostgresJobStore(doomed).submit(blue, job, claimOf('cut-off', 1)).then(
        () => 'stored',
        () => 'lost',
      );
      while ((await owner.query(`select 1 from ${waiting}`)).rowCount === 0) await owner.query('select pg_sleep(0.01)');
      await owner.query(`select pg_terminate_backend(pid) from ${waiting}`);
      expect(await outcome).toBe('lost');
    });
    await Promise.all([owner.close(), doomed.close()]);
    expect(await count(`job where name = 'cut-off'`)).toBe(0);
    expect(await store.submit(blue, job, claimOf('cut-off', 1))).toEqual({ kind: 'stored' });
  });
});

describe('reading jobs', () => {
  it('goes through pages newest first, whoever owns them, without a gap or a repeat', async () => {
    const jobs = Array.from({ length: 7 }, (_, i) =>
      aNewJob({ tenantId: i % 2 ? 'blue' : 'green', class: 'inference' }),
    );
    await new PostgresBulkSubmit(system).submitAll(jobs);
    const seen: string[] = [];
    for (
      let after: string | null = null, items;
      (items = await store.list(bureau, { class: 'inference' }, { limit: 3, after })).length > 0;
    ) {
      seen.push(...items.map((item) => item.id));
      after = items.at(-1)?.id ?? null;
    }
    expect(seen).toEqual(jobs.map((job) => job.id).toReversed());
  });

  it('shows a tenant its own jobs and nobody else’s, by list, id, events and cancel', async () => {
    const foreign = aNewJob({ tenantId: 'green', class: 'interactive' });
    await store.submit(green, foreign, null);
    expect(await store.list(blue, { class: 'interactive' }, { limit: 10, after: null })).toEqual([]);
    expect(await store.list(blue, { tenant: 'green' }, { limit: 10, after: null })).toEqual([]);
    expect(await store.get(blue, foreign.id)).toBeNull();
    expect(await store.events(blue, foreign.id, 0)).toBeNull();
    expect(await store.cancel(blue, foreign.id, t0)).toEqual({ kind: 'unknown' });
    expect(await store.get(green, foreign.id)).toMatchObject({ state: 'queued' });
  });

  it('shows the placement while there is one, the verdict while it waits, and filters by pool and state', async () => {
    const [waiting, placed] = [aNewJob({ class: 'finetune' }), aNewJob({ class: 'finetune' })];
    await new PostgresBulkSubmit(system).submitAll([waiting, placed]);
    const evidence = { nodesConsidered: 8, filteredBy: {}, best: null, ahead: 3 };
    await new PostgresCycleLog(system).storeVerdicts(4, t0, [
      {
        jobId: waiting.id,
        refusal: 'no-free-nodes',
        estimatedStart: t0 + 60_000,
        basis: 'reservation',
        poolId: 'pinned',
        evidence,
      },
      { jobId: placed.id, refusal: 'no-free-nodes', estimatedStart: null, basis: 'none', poolId: null, evidence },
    ]);
    const attemptId = await place(placed.id);
    expect((await store.get(blue, waiting.id))?.verdict).toEqual({
      refusal: 'no-free-nodes', estimatedStart: t0 + 60_000, basis: 'reservation', poolId: 'pinned', evidence, cycle: 4, decidedAt: t0,
    }); // prettier-ignore
    const view = await store.get(blue, placed.id);
    expect(view).toMatchObject({ state: 'placed', attempts: 1, verdict: null });
    expect(view?.placement).toMatchObject({
      attemptId,
      poolId: 'pinned',
      state: 'placed',
      placedAt: t0,
      endsBy: t0 + 3_600_000,
      backfilled: true,
    });
    expect(view?.placement?.nodeIds).toHaveLength(1);
    expect(
      (await store.list(blue, { pool: 'pinned', class: 'finetune' }, { limit: 5, after: null })).map((j) => j.id),
    ).toEqual([placed.id]);
    expect(
      (await store.list(blue, { state: 'queued', class: 'finetune' }, { limit: 5, after: null })).map((j) => j.id),
    ).toEqual([waiting.id]);
  });

  it('gives the run times of the last two jobs of the class that ran, newest first', async () => {
    for (const seconds of [100, 250, 400]) {
      const job = aNewJob({ tenantId: 'red', class: 'simulation' });
      await new PostgresBulkSubmit(system).submitAll([job]);
      await system.query(`update job set state = 'placed' where id = $1`, [job.id]);
      await system.query(
        `update job set state = 'completed', started_at = to_timestamp($2), ended_at = to_timestamp($2) + $3 * interval '1 second' where id = $1`,
        [job.id, t0 / 1000, seconds],
      );
    }
    const { limitSeconds } = aNewJob({ tenantId: 'red', class: 'simulation' });
    const want = [400, 250].map((runSeconds) => ({ runSeconds, limitSeconds }));
    expect(await store.lastRuns('red', 'simulation')).toEqual(want);
    expect(await store.lastRuns('red', 'training')).toEqual([]);
  });
});

it('answers every combination of filters with what they have in common', async () => {
  const jobs = Array.from({ length: 8 }, (_, i) =>
    aNewJob({
      tenantId: i % 2 ? 'blue' : 'green',
      class: i % 4 < 2 ? 'simulation' : 'inference',
      name: 'combined',
      perNode: { cards: 0, cores: 1, memoryGiB: 1 },
    }),
  );
  await new PostgresBulkSubmit(system).submitAll(jobs);
  for (const job of jobs.slice(4)) await place(job.id);
  const newest = '01ffffff-ffff-7fff-bfff-ffffffffffff';
  for (let bits = 0; bits < 32; bits += 1) {
    const [state, kind, pool, tenant, after] = [1, 2, 4, 8, 16].map((bit) => (bits & bit) > 0);
    const filter = {
      ...(state && { state: 'placed' as const }),
      ...(kind && { class: 'simulation' }),
      ...(pool && { pool: 'pinned' }),
      ...(tenant && { tenant: 'blue' }),
    };
    const items = await store.list(bureau, filter, { limit: 200, after: after ? newest : null });
    const wanted = jobs.filter(
      (job, i) =>
        (!kind || job.class === 'simulation') && (!tenant || job.tenantId === 'blue') && ((!state && !pool) || i >= 4),
    );
    const got = items.filter((item) => item.name === 'combined').map((item) => item.id);
    expect({ filter, got }).toEqual({ filter, got: wanted.map((job) => job.id).toReversed() });
  }
});

describe('cancelling', () => {
  it('ends a waiting job at once, removes its verdict, and says the same when asked again', async () => {
    const job = aNewJob();
    await store.submit(blue, job, null);
    expect(await store.cancel(blue, job.id, t0)).toEqual({ kind: 'cancelled', state: 'cancelled' });
    expect(await store.cancel(blue, job.id, t0)).toEqual({ kind: 'over', state: 'cancelled' });
    expect(await store.get(blue, job.id)).toMatchObject({ state: 'cancelled', endedAt: t0 });
    expect((await store.events(blue, job.id, 0))?.map((event) => event.kind)).toEqual(['submitted', 'cancelled']);
  });

  it('asks the engine to stop a placed job, once, however often it is said', async () => {
    const job = aNewJob();
    await store.submit(blue, job, null);
    const attemptId = await place(job.id);
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => store.cancel(blue, job.id, t0)));
    expect(outcomes).toEqual(Array.from({ length: 5 }, () => ({ kind: 'cancelling', state: 'cancelling' })));
    expect(await count(`outbox where kind = 'cancel' and attempt_id = $1`, [attemptId])).toBe(1);
    expect(await count(`audit_record where action = 'job.cancel' and subject = $1`, [job.id])).toBe(1);
  });

  it('at the moment of placing ends in one of the two orders, never in between', async () => {
    const attempts = new PostgresAttemptStore(system);
    for (let round = 0; round < 12; round += 1) {
      const job = aNewJob();
      await store.submit(blue, job, null);
      const start = {
        jobId: job.id, attemptId: aUuid(), groupId: 'pinned-a', poolId: 'pinned', nodeIndices: [3], endsBy: t0 / 1000 + 60,
        backfilled: false, score: 1, tenantId: 'blue', nodes: 1, perNode: { cards: 1, cores: 8, memoryGiB: 64 },
      }; // prettier-ignore
      const [cancelled, committed] = await Promise.all([
        store.cancel(blue, job.id, t0),
        new PostgresPlanCommitter(system).commit({ epoch: 0, cycle: 2, now: t0, starts: [start] }),
      ]);
      const placed = committed.kind === 'committed' && committed.started.length === 1;
      expect(cancelled.kind).toBe(placed ? 'cancelling' : 'cancelled');
      expect(await count(`outbox where attempt_id = $1`, [start.attemptId])).toBe(placed ? 2 : 0);
      if (!placed) continue;
      const [ended] = await attempts.ended([
        { attemptId: start.attemptId, outcome: 'lost', endedAt: t0, startedAt: null, exitCode: null },
      ]);
      expect(ended).toMatchObject({ jobState: 'cancelled' }); // not queued again: it was cancelled
    }
  });
});

it('takes thousands of jobs in one statement, in their order, and leaves alone what it has', async () => {
  const jobs = Array.from({ length: 3000 }, (_, i) =>
    aNewJob({ tenantId: 'red', name: `bulk-${i}`, channel: 'replay', class: 'training' }),
  );
  const bulk = new PostgresBulkSubmit(system);
  await bulk.submitAll(jobs);
  await bulk.submitAll(jobs.slice(2990));
  const { rows } = await system.query<{ id: string }>(`select id from job where name like 'bulk-%' order by sequence`);
  expect(rows.map((row) => row.id)).toEqual(jobs.map((job) => job.id));
  expect(await count(`job_event e join job j on j.id = e.job_id where j.name like 'bulk-%'`)).toBe(3000);
  expect(
    await count(`audit_record where action = 'job.submit-many' and tenant_id = 'red' and detail ->> 'jobs' = '3000'`),
  ).toBe(1);
});

describe('an answer that was given before', () => {
  it('is looked up without claiming the key, by its owner alone', async () => {
    const claim = claimOf('looked-up', { cards: 8 });
    expect(await store.replayOf(blue, claim)).toBeNull();
    const job = aNewJob({ tenantId: 'blue' });
    expect(await store.submit(blue, job, claim)).toEqual({ kind: 'stored' }); // the look left the key free
    expect(await store.replayOf(blue, claim)).toEqual({ kind: 'replayed', status: 201, body: { cards: 8 } });
    expect(await store.replayOf(blue, claimOf('looked-up', { cards: 16 }))).toEqual({ kind: 'key-reused' });
    expect(await store.replayOf(green, claim)).toBeNull();
    expect(await store.replayOf(bureau, claim)).toBeNull();
  });
});
