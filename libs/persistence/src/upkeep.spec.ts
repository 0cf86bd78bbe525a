import { DAY_MS, HOUR_MS } from '#libs/domain';
import {
  type FreshDatabase,
  aNewJob,
  aUuid,
  freshDatabase,
  runWork,
  seedMinimal,
  tenantKey,
  testEpoch,
} from '#libs/testing';
import { PostgresAttemptStore } from './attempt-store.js';
import { PostgresBulkSubmit } from './bulk-submit.js';
import { type Database, openDatabase, timestamptz } from './database.js';
import { PostgresJobStore } from './job-store.js';
import { PostgresMetricsReader } from './metrics-reader.js';
import { PostgresSimulatedEngineStore } from './simulated-engine-store.js';
import { PostgresUpkeep } from './upkeep.js';

let fresh: FreshDatabase;
let system: Database;
let app: Database;
let metrics: PostgresMetricsReader;
let upkeep: PostgresUpkeep;
beforeEach(async () => {
  fresh = await freshDatabase();
  await seedMinimal(fresh.url);
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 6 });
  app = openDatabase(fresh.url, { role: 'chusuan_app', max: 8 });
  metrics = new PostgresMetricsReader(system);
  upkeep = new PostgresUpkeep(system, { rowsAtOnce: 3 });
});
afterEach(async () => {
  await app.close();
  await system.close();
  await fresh.drop();
});
const blue = tenantKey('blue');
const submit = () => new PostgresJobStore(app).submit(blue, aNewJob({ tenantId: 'blue' }), null);
const end = (attemptId: string, outcome: 'completed' | 'failed' | 'lost' | 'rejected') =>
  new PostgresAttemptStore(system).ended([
    {
      attemptId,
      outcome,
      startedAt: outcome === 'rejected' ? null : testEpoch,
      endedAt: testEpoch + 10_000,
      exitCode: null,
    },
  ]);
/** What the counters must say, read from all there ever was. */
async function counted() {
  const finished = await system.query(
    `select pool_id as pool, class, state as outcome, count(*) as jobs from attempt
     where ended_at is not null and state <> 'rejected' group by 1, 2, 3
     union all select '', class, state, count(*) from job where attempts = 0 and ended_at is not null group by 2, 3 order by 1, 2, 3`,
  );
  const submitted = await system.query('select class, channel, count(*) as jobs from job group by 1, 2 order by 1, 2');
  const lost = await system.query(
    `select pool_id as pool, 'card-a' as model, state as reason, sum(nodes * cards * extract(epoch from ended_at - started_at))::float8 as "cardSeconds"
     from attempt where state in ('failed', 'lost') group by 1, 3 order by 1, 3`,
  );
  return [finished.rows, submitted.rows, lost.rows];
}
const shown = () => Promise.all([metrics.jobsFinished(), metrics.jobsSubmitted(), metrics.lostSeconds()]);

describe('running totals of jobs', () => {
  it('are what the rows say, before they are folded, after, and when both mix', async () => {
    await new PostgresBulkSubmit(system).submitAll([aNewJob({ class: 'inference' }), aNewJob(), aNewJob()]);
    for (const outcome of ['completed', 'failed', 'lost'] as const) {
      await end((await runWork(system, { nodeIndices: [0] })).attemptId, outcome);
    }
    await end((await runWork(system, { nodeIndices: [1], startedAt: null })).attemptId, 'rejected');
    const job = aNewJob({ tenantId: 'blue' });
    await new PostgresJobStore(app).submit(blue, job, null);
    await new PostgresJobStore(app).cancel(blue, job.id, testEpoch);
    expect(await shown()).toEqual(await counted());
    await upkeep.prune();
    expect((await system.query('select 1 from job_total_news')).rowCount).toBe(0);
    expect(await shown()).toEqual(await counted());
    await submit();
    await end((await runWork(system, { nodeIndices: [2] })).attemptId, 'failed');
    expect(await shown()).toEqual(await counted());
    const [finished, , lost] = await shown();
    expect(finished).toContainEqual({ pool: '', class: 'training', outcome: 'cancelled', jobs: 1 });
    expect(lost).toContainEqual({ pool: 'pinned', model: 'card-a', reason: 'failed', cardSeconds: 160 });
  });

  it('outlive the rows they count', async () => {
    await end((await runWork(system, { nodeIndices: [0] })).attemptId, 'failed');
    const before = await shown();
    for (const table of ['placement_node', 'attempt', 'job']) await system.query(`delete from ${table}`);
    expect(await shown()).toEqual(before);
  });

  it('never go down and lose nothing while many submit and two fold', async () => {
    const seen: number[] = [];
    let busy = true;
    const look = async (): Promise<void> => {
      while (busy) seen.push((await metrics.jobsSubmitted())[0]?.jobs ?? 0);
    };
    const fold = async (): Promise<void> => {
      while (busy) await upkeep.prune();
    };
    const background = Promise.all([look(), fold(), fold()]);
    for (let wave = 0; wave < 10; wave++) await Promise.all(Array.from({ length: 8 }, submit));
    busy = false;
    await background;
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect((await metrics.jobsSubmitted())[0]?.jobs).toBe(80);
  });

  it('do not make one submitter wait for another that has not committed', async () => {
    await app.asPrincipal(blue, async (session) => {
      await new PostgresJobStore({ ...app, asPrincipal: (_principal, work) => work(session) }).submit(
        blue,
        aNewJob({ tenantId: 'blue' }),
        null,
      );
      expect(await submit()).toEqual({ kind: 'stored' });
      await upkeep.prune();
      expect(await metrics.jobsSubmitted()).toMatchObject([{ jobs: 1 }]);
    });
    await upkeep.prune();
    expect(await metrics.jobsSubmitted()).toMatchObject([{ jobs: 2 }]);
  });
});

describe('what is too old to be asked for', () => {
  it('are keys of more than 48 hours of wall time, all of them', async () => {
    const addKeys = (name: string, hoursAgo: number, count: number) =>
      system.query(
        `insert into idempotency_key (owner, key, fingerprint, job_id, status, body, created_wall)
         select 'blue', $1 || i, 'x', gen_random_uuid(), 201, '{}', clock_timestamp() - $2::float8 * interval '1 hour' from generate_series(1, $3::int) i`,
        [name, hoursAgo, count],
      );
    await addKeys('old', 48.1, 10);
    await addKeys('young', 47.9, 2);
    await upkeep.prune();
    expect((await system.query('select key from idempotency_key order by key')).rows).toEqual([
      { key: 'young1' },
      { key: 'young2' },
    ]);
  });

  it('are simulated jobs that ended more than seven service days ago, unless nobody has read their end', async () => {
    const wallMs = Date.now();
    const now = testEpoch + 30 * DAY_MS;
    await system.query('insert into service_clock values (1, $1, $2, 60, $1)', [timestamptz(now), timestamptz(wallMs)]);
    const unread = await runWork(system);
    const ended = (attemptId: string, endedAt: number | null) => ({
      attemptId, poolId: 'pinned', ref: `sim-${attemptId}`, state: endedAt === null ? 'running' as const : 'ended' as const, runSeconds: 1, limitSeconds: 60,
      ending: 'completed' as const, nodeIds: [], preparedAt: testEpoch, stagedUntil: null, startedAt: testEpoch, endedAt,
      outcome: endedAt === null ? null : 'completed' as const, exitCode: null,
    }); // prettier-ignore
    const young = ended(aUuid(), now - 7 * DAY_MS + HOUR_MS);
    const running = ended(aUuid(), null);
    const old = Array.from({ length: 7 }, () => ended(aUuid(), now - 7 * DAY_MS - 1));
    await new PostgresSimulatedEngineStore(system).put([
      ...old,
      young,
      running,
      ended(unread.attemptId, now - 20 * DAY_MS),
    ]);
    await upkeep.prune();
    const { rows } = await system.query<{ id: string }>('select attempt_id as id from simulated_engine_job');
    expect(rows.map((row) => row.id).toSorted()).toEqual(
      [young.attemptId, running.attemptId, unread.attemptId].toSorted(),
    );
  });
});
