import { compareKeys } from '#libs/domain';
import { encodeCanonical, type Delta, type QueuedJob, type RunningJob, type Snapshot } from '#libs/scheduling';
import {
  type FreshDatabase,
  aGroup,
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
import { PostgresPlannerFeed } from './planner-feed.js';

const t0 = Date.parse('2026-11-22T02:00:00Z');

let fresh: FreshDatabase;
let system: Database;
let app: Database;
let feed: PostgresPlannerFeed;
beforeAll(async () => {
  fresh = await freshDatabase();
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 24 });
  app = openDatabase(fresh.url, { role: 'chusuan_app', max: 8 });
  feed = new PostgresPlannerFeed(system);
  await insertRows(system, {
    tenants: [aTenant('blue', { homeDistrict: 'liangzihu' }), aTenant('green', { parentId: 'blue', weight: 2 })],
    pools: [
      aPool('pinned', { groups: [aGroup('pinned-a', { nodes: 12 })] }),
      aPool('delegated', { placement: 'delegated', classes: ['training'] }),
      aPool('closed', { enabled: false }),
    ],
  });
});
afterAll(async () => {
  await system?.close();
  await app?.close();
  await fresh?.drop();
});

/** Follows the feed as a planner does: one upsert or removal a delta, no other knowledge. */
class Follower {
  cursor = '';
  private readonly queued = new Map<string, QueuedJob>();
  private readonly running = new Map<string, RunningJob>();
  private readonly nodes = new Map<string, Snapshot['nodeStates'][number]>();
  private readonly pools = new Map<string, boolean>();
  private tenants: Snapshot['tenants'] = [];

  async start(): Promise<this> {
    const { snapshot, cursor } = await feed.cold(t0);
    this.cursor = cursor;
    for (const job of snapshot.queued) this.queued.set(job.id, job);
    for (const attempt of snapshot.running) this.running.set(attempt.attemptId, attempt);
    for (const node of snapshot.nodeStates) this.follow({ kind: 'node-state', ...node });
    for (const pool of snapshot.pools) this.pools.set(pool.id, pool.reachable);
    this.tenants = snapshot.tenants;
    return this;
  }
  async catchUp(): Promise<readonly Delta[]> {
    const news = await feed.since(this.cursor, t0);
    if (news.kind === 'lost') throw new Error('lost');
    this.cursor = news.cursor;
    news.deltas.forEach((delta) => this.follow(delta));
    return news.deltas;
  }
  picture(): string {
    const sorted = <T>(map: ReadonlyMap<string, T>): unknown[] => [...map].sort(([a], [b]) => compareKeys(a, b));
    return encodeCanonical({
      queued: sorted(this.queued), running: sorted(this.running), nodes: sorted(this.nodes), pools: sorted(this.pools), tenants: this.tenants,
    }); // prettier-ignore
  }
  private follow(delta: Delta): void {
    if (delta.kind === 'job-queued') this.queued.set(delta.job.id, delta.job);
    if (delta.kind === 'job-withdrawn') this.queued.delete(delta.jobId);
    if (delta.kind === 'attempt-placed' || delta.kind === 'attempt-changed')
      this.running.set(delta.attempt.attemptId, delta.attempt);
    if (delta.kind === 'attempt-ended') this.running.delete(delta.attemptId);
    if (delta.kind === 'pool-reachable') this.pools.set(delta.poolId, delta.reachable);
    if (delta.kind === 'usage') this.tenants = delta.tenants;
    if (delta.kind !== 'node-state') return;
    const { groupId, index, state } = delta;
    if (state === 'up') this.nodes.delete(`${groupId}/${index}`);
    else this.nodes.set(`${groupId}/${index}`, { groupId, index, state });
  }
}

const submit = (...jobs: ReturnType<typeof aNewJob>[]) => new PostgresBulkSubmit(system).submitAll(jobs);
async function place(
  jobId: string,
  named: { groupId?: string; nodeIndices?: number[]; nodes?: number } = {},
): Promise<string | null> {
  const groupId = named.groupId ?? 'pinned-a';
  const start = {
    jobId, attemptId: aUuid(), groupId, poolId: groupId.slice(0, -2), nodeIndices: named.nodeIndices ?? [0], endsBy: t0 / 1000 + 3600,
    backfilled: false, score: 1, tenantId: 'blue', nodes: named.nodes ?? 1, perNode: { cards: 1, cores: 8, memoryGiB: 64 },
  }; // prettier-ignore
  const committed = await new PostgresPlanCommitter(system).commit({ epoch: 0, cycle: 1, now: t0, starts: [start] });
  return committed.kind === 'committed' && committed.started.length === 1 ? start.attemptId : null;
}

describe('a cold start', () => {
  it('reads enabled pools, their groups with nodes in order, nodes that are not up, and tenants', async () => {
    await system.query(`update node set state = 'drained' where id in ('pinned-a-0003', 'closed-a-0001')`);
    const { snapshot } = await feed.cold(t0 + 1);
    expect(snapshot.now).toBe(t0 / 1000 + 1); // rounded up
    expect(snapshot.pools.map((pool) => pool.id)).toEqual(['delegated', 'pinned']);
    expect(snapshot.pools[0]).toMatchObject({ classes: ['training'], latencyMs: { echeng: 2 }, reachable: true });
    expect(snapshot.pools[1]).not.toHaveProperty('classes');
    expect(snapshot.groups.map((group) => group.id)).toEqual(['delegated-a', 'pinned-a']);
    expect(snapshot.groups[1]?.nodes).toEqual(
      Array.from({ length: 12 }, (_, i) => `pinned-a-${String(i + 1).padStart(4, '0')}`),
    );
    expect(snapshot.nodeStates).toEqual([{ groupId: 'pinned-a', index: 2, state: 'drained' }]);
    expect(snapshot.tenants).toEqual([
      { id: 'blue', parentId: null, weight: 1, usage: 0 },
      { id: 'green', parentId: 'blue', weight: 2, usage: 0 },
    ]);
  });

  it('turns what a job asks for into the planner’s words, times rounded up to seconds', async () => {
    const job = aNewJob({
      nodes: 2, submittedAt: t0 + 1,
      constraints: { pools: ['pinned'], maxLatencyMs: 5, dataLevel: 'important', earliestStartMs: t0 + 10_001, deadlineMs: t0 + 99_999 },
    }); // prettier-ignore
    await submit(job);
    await system.query(`update job set avoid_pools = '{delegated}' where id = $1`, [job.id]);
    const { snapshot } = await feed.cold(t0);
    expect(snapshot.queued.find((it) => it.id === job.id)).toEqual({
      id: job.id, sequence: expect.any(Number), tenantId: 'blue', class: 'training', priority: 2, submittedAt: t0 / 1000 + 1, nodes: 2,
      perNode: { cards: 1, cores: 8, memoryGiB: 64 }, limit: 3600, predicted: 1800, pools: ['pinned'], maxLatencyMs: 5,
      fromDistrict: 'liangzihu', dataLevel: 'important', earliestStart: t0 / 1000 + 11, deadline: t0 / 1000 + 100, avoidPools: ['delegated'],
    }); // prettier-ignore
  });

  it('turns where its data is, how green it wants to be and how it bends into the planner’s words', async () => {
    const job = aNewJob({
      nodes: 2, nodesMax: 6, constraints: { dataSite: 'pinned-site', minGreenShare: 0.6 },
      inputs: [{ dataset: 'cryo-em', site: 'delegated-site', sizeGiB: 12.5, dataLevel: 'general' }],
      flexibility: { preemptible: true, interruptible: true, checkpointIntervalSeconds: 600 },
    }); // prettier-ignore
    const stiff = aNewJob({ nodes: 2, nodesMax: 2, inputs: [], flexibility: { preemptible: false } });
    await submit(job, stiff);
    const { queued } = (await feed.cold(t0)).snapshot;
    expect(queued.find((it) => it.id === job.id)).toMatchObject({
      nodes: 2, nodesMax: 6, dataSite: 'pinned-site', minGreenShare: 0.6, preemptible: true, checkpointInterval: 600,
      inputs: [{ siteId: 'delegated-site', sizeGiB: 12.5 }],
    }); // prettier-ignore
    expect(Object.keys(queued.find((it) => it.id === stiff.id) ?? {})).not.toEqual(
      expect.arrayContaining([
        expect.stringMatching(/nodesMax|inputs|preemptible|checkpointInterval|minGreen|dataSite/),
      ]),
    );
  });

  it('knows what runs: node indices in a pinned pool, a count until a delegated engine has told its nodes', async () => {
    const [pinned, delegated] = [aNewJob(), aNewJob({ nodes: 2 })];
    await submit(pinned, delegated);
    const [one, two] = [
      await place(pinned.id, { nodeIndices: [5] }),
      await place(delegated.id, { groupId: 'delegated-a', nodeIndices: [], nodes: 2 }),
    ];
    const running = async (id: string | null) =>
      (await feed.cold(t0)).snapshot.running.find((attempt) => attempt.attemptId === id);
    expect(await running(one)).toMatchObject({
      groupId: 'pinned-a',
      nodeIndices: [5],
      nodeCount: 1,
      startedAt: t0 / 1000,
      endsBy: t0 / 1000 + 3600,
    });
    expect(await running(two)).toMatchObject({ groupId: 'delegated-a', nodeIndices: [], nodeCount: 2 });
    await new PostgresAttemptStore(system).started([
      { attemptId: two ?? '', startedAt: t0 + 60_001, nodeIds: ['delegated-a-0004', 'delegated-a-0002', 'not-ours'] },
    ]);
    expect(await running(two)).toMatchObject({
      nodeIndices: [1, 3],
      startedAt: t0 / 1000 + 61,
      endsBy: t0 / 1000 + 3661,
    });
  });
});

describe('following', () => {
  it('tells each subject once, as it stands, however much happened to it', async () => {
    const follower = await new Follower().start();
    const [comes, goes, stays] = [aNewJob(), aNewJob(), aNewJob()];
    await submit(comes, goes, stays);
    await new PostgresJobStore(app).cancel(tenantKey('blue'), goes.id, t0);
    const attemptId = await place(comes.id, { nodeIndices: [7] });
    const deltas = await follower.catchUp();
    expect(deltas.map((delta) => delta.kind).sort()).toEqual([
      'attempt-placed',
      'job-queued',
      'job-withdrawn',
      'job-withdrawn',
    ]);
    expect(deltas).toContainEqual(expect.objectContaining({ attempt: expect.objectContaining({ attemptId }) }));
    expect(await follower.catchUp()).toEqual([]);
  });

  it('does not miss a transaction that began first and commits last', async () => {
    const follower = await new Follower().start();
    const [slow, quick] = [aNewJob({ name: 'slow' }), aNewJob({ name: 'quick' })];
    await system.transaction(async (session) => {
      await new PostgresBulkSubmit(session).submitAll([slow]);
      await submit(quick);
      expect(await follower.catchUp()).toMatchObject([{ kind: 'job-queued', job: { id: quick.id } }]);
      expect(await follower.catchUp()).toEqual([]);
    });
    expect(await follower.catchUp()).toMatchObject([{ kind: 'job-queued', job: { id: slow.id } }]);
  });

  // Transaction ids belong to the server, which other test files use too: waits until all as old as the newest change are over.
  async function untilSettled(): Promise<void> {
    const settled = 'select pg_snapshot_xmin(pg_current_snapshot()) > (select max(xact) from change) as yes';
    while ((await system.query<{ yes: boolean }>(settled)).rows[0]?.yes !== true)
      await system.query('select pg_sleep(0.01)');
  }

  it('says it is lost to a cursor older than what was pruned, and to no other; a shape that changed starts everybody cold', async () => {
    const [old, recent] = [await new Follower().start(), new Follower()];
    for (const job of [aNewJob(), aNewJob()]) await submit(job);
    await untilSettled();
    await recent.start();
    for (const job of [aNewJob(), aNewJob()]) await submit(job);
    await untilSettled();
    await new PostgresPlannerFeed(system, { keepChanges: 2 }).prune(); // and the second submission, which bounds them
    expect(await feed.since(old.cursor, t0)).toEqual({ kind: 'lost' });
    expect(await recent.catchUp()).toHaveLength(2);
    await system.query(`insert into change (kind, subject) values ('catalogue', 'seeds')`);
    expect(await feed.since(recent.cursor, t0)).toEqual({ kind: 'lost' });
  });

  it('is not led astray by changes and a horizon restored from another server', async () => {
    await system.query(`insert into change (kind, subject, xact) values ('job', $1, '9000000000000')`, [aUuid()]);
    await system.query(`update change_horizon set pruned_below = '9000000000000'`);
    const follower = await new Follower().start();
    expect((await feed.since(follower.cursor, t0)).kind).toBe('deltas');
    await feed.prune();
    expect((await system.query(`select 1 from change where xact = '9000000000000'`)).rowCount).toBe(0);
    expect(await follower.catchUp()).toEqual([]);
    expect(await feed.since('9000000000000:9000000000001:', t0)).toEqual({ kind: 'lost' }); // a cursor of that other server
  });
});

it('a follower of interleaved transactions is always where a cold start would be once they have ended', async () => {
  const jobStore = new PostgresJobStore(app);
  const attempts = new PostgresAttemptStore(system);
  const [early, late] = [await new Follower().start(), await new Follower().start()];
  let busy = true;
  // Two followers read at their own pace while everything changes; one of them also prunes behind itself.
  const following = (async () => {
    while (busy) {
      await early.catchUp();
      await new PostgresPlannerFeed(system, { keepChanges: 5000 }).prune();
    }
  })();

  const worker = async (number: number): Promise<void> => {
    for (let round = 0; round < 15; round += 1) {
      const turn = (number * 7 + round * 3) % 10;
      const jobs = [aNewJob({ name: `w${number}` }), aNewJob({ name: `w${number}` })];
      // A transaction that dawdles between its statements, so that ids are drawn in one order and committed in another.
      await system.transaction(async (session) => {
        await new PostgresBulkSubmit(session).submitAll(jobs.slice(0, 1));
        await session.query(`select pg_sleep($1)`, [turn / 1000]);
        await new PostgresBulkSubmit(session).submitAll(jobs.slice(1));
      });
      const [first, second] = jobs.map((job) => job.id);
      if (turn % 3 === 0) await jobStore.cancel(tenantKey('blue'), first ?? '', t0);
      const attemptId = await place(second ?? '', {
        groupId: turn % 2 ? 'pinned-a' : 'delegated-a',
        nodeIndices: turn % 2 ? [number] : [],
      });
      if (attemptId === null) continue;
      if (turn > 2) await attempts.started([{ attemptId, startedAt: t0 + turn * 1000, nodeIds: ['delegated-a-0001'] }]);
      const outcome = turn === 8 ? ('lost' as const) : ('completed' as const);
      if (turn > 4)
        await attempts.ended([{ attemptId, outcome, endedAt: t0 + turn * 100_000, startedAt: null, exitCode: 0 }]);
      await system.transaction(async (session) => {
        await session.query(`update node set state = $2 where id = $1`, [
          `pinned-a-000${number + 1}`,
          turn % 4 === 1 ? 'drained' : 'up',
        ]);
        await session.query(`insert into change (kind, subject) values ('node', $1)`, [`pinned-a-000${number + 1}`]);
      });
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, number) => worker(number)));
  busy = false;
  await following;
  await early.catchUp();
  await late.catchUp();
  const cold = (await new Follower().start()).picture();
  expect(early.picture()).toBe(cold);
  expect(late.picture()).toBe(cold);
  const { snapshot } = await feed.cold(t0);
  expect(Math.min(snapshot.queued.length, snapshot.running.length)).toBeGreaterThan(20);
  expect(snapshot.tenants[0]?.usage).toBeGreaterThan(0);
});
