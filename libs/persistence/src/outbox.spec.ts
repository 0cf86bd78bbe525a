import { type FreshDatabase, aNewJob, aPool, aTenant, aUuid, freshDatabase, insertRows } from '#libs/testing';
import { PostgresAttemptStore } from './attempt-store.js';
import { PostgresBulkSubmit } from './bulk-submit.js';
import { openDatabase, type Database } from './database.js';
import { PostgresOutbox } from './outbox.js';
import { PostgresPlanCommitter } from './plan-committer.js';

const t0 = Date.parse('2026-11-22T02:00:00Z');
const MINUTE_MS = 60_000;

let fresh: FreshDatabase;
let system: Database;
let outbox: PostgresOutbox;
beforeAll(async () => {
  fresh = await freshDatabase();
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 10 });
  outbox = new PostgresOutbox(system);
  await insertRows(system, {
    tenants: [aTenant('blue')],
    pools: [aPool('pinned'), aPool('delegated', { placement: 'delegated' })],
  });
});
beforeEach(() => system.query('delete from outbox'));
afterAll(async () => {
  await system?.close();
  await fresh?.drop();
});

async function place(jobs: readonly ReturnType<typeof aNewJob>[], groupId = 'pinned-a'): Promise<string[]> {
  await new PostgresBulkSubmit(system).submitAll(jobs);
  const starts = jobs.map((job) => ({
    jobId: job.id, attemptId: aUuid(), groupId, poolId: groupId.slice(0, -2), endsBy: t0 / 1000 + 3600, backfilled: false, score: 1,
    nodeIndices: groupId === 'pinned-a' ? Array.from({ length: job.nodes }, (_, i) => 3 - i) : [],
    tenantId: 'blue', nodes: job.nodes, perNode: job.perNode,
  })); // prettier-ignore
  expect(await new PostgresPlanCommitter(system).commit({ epoch: 0, cycle: 1, now: t0, starts })).toMatchObject({
    refused: [],
  });
  return starts.map((start) => start.attemptId);
}
const tiny = { cards: 0, cores: 1, memoryGiB: 1 };

it('gives the engine’s adapter all it needs to run the job, nodes only where we chose them', async () => {
  const job = aNewJob({ nodes: 2, perNode: tiny });
  const [pinned] = await place([job]);
  const [delegated] = await place([aNewJob({ nodes: 2, perNode: tiny })], 'delegated-a');
  const messages = await outbox.claim(10, MINUTE_MS);
  expect(messages.map((message) => message.attemptId)).toEqual([pinned, delegated]);
  expect(messages[0]).toEqual({
    id: expect.any(Number), kind: 'dispatch', attemptId: pinned, poolId: 'pinned', tries: 1, attemptState: 'placed', engineRef: null,
    order: {
      attemptId: pinned, jobId: job.id, tenantId: 'blue', poolId: 'pinned', groupId: 'pinned-a', nodeIds: ['pinned-a-0003', 'pinned-a-0004'],
      nodes: 2, perNode: tiny, limitSeconds: 3600, run: { image: 'registry.local/fold:1', command: ['fold'] }, name: 'fold',
    },
  }); // prettier-ignore
  expect(messages[1]?.order?.nodeIds).toEqual([]);
});

it('names what the job reads, and how long bringing it in is planned to take', async () => {
  const [attemptId] = await place([aNewJob({ perNode: tiny })]);
  const inputs = [{ site: 'b', sizeGiB: 10 }];
  await system.query(`update job set request = request || $1 where id = (select job_id from attempt where id = $2)`, [
    JSON.stringify({ inputs }),
    attemptId,
  ]);
  const order = async () => {
    await system.query('update outbox set due_wall = clock_timestamp()');
    return (await outbox.claim(1, MINUTE_MS))[0]?.order;
  };
  expect(await order()).toMatchObject({ inputs });
  expect(await order()).not.toHaveProperty('stagingSeconds');
  await system.query('update attempt set staging_seconds = 86 where id = $1', [attemptId]);
  expect(await order()).toMatchObject({ inputs, stagingSeconds: 86 });
});

it('says that there is nothing to order when the attempt is over', async () => {
  const [attemptId] = await place([aNewJob({ perNode: tiny })]);
  await new PostgresAttemptStore(system).prepared(attemptId ?? '', 'ref-1');
  await new PostgresAttemptStore(system).ended([
    { attemptId: attemptId ?? '', outcome: 'cancelled', endedAt: t0, startedAt: null, exitCode: null },
  ]);
  expect(await outbox.claim(10, MINUTE_MS)).toMatchObject([
    { order: null, attemptState: 'cancelled', engineRef: 'ref-1' },
  ]);
});

it('ten that claim at once share the messages, and none has one twice', async () => {
  await place(Array.from({ length: 40 }, () => aNewJob({ perNode: tiny })));
  const claims = await Promise.all(Array.from({ length: 10 }, () => outbox.claim(7, MINUTE_MS)));
  const ids = claims.flat().map((message) => message.id);
  expect(new Set(ids).size).toBe(ids.length);
  const rest = await outbox.claim(100, MINUTE_MS); // a claim skips rows that another is just looking at
  expect(new Set([...ids, ...rest.map((message) => message.id)]).size).toBe(40);
});

it('a message is due again when its lease runs out or its retry comes, and never after it is done', async () => {
  await place([aNewJob({ perNode: tiny }), aNewJob({ perNode: tiny }), aNewJob({ perNode: tiny })]);
  const [first, second, third] = (await outbox.claim(10, 0)).map((message) => message.id);
  expect((await outbox.claim(10, 0)).map((message) => message.tries)).toEqual([2, 2, 2]);
  await outbox.done([first ?? 0]);
  await outbox.retryLater(second ?? 0, 'the engine of pool "pinned" cannot be reached', MINUTE_MS);
  await outbox.retryLater(first ?? 0, 'too late to matter', 0);
  expect((await outbox.claim(10, 0)).map((message) => message.id)).toEqual([third]);
  expect(await outbox.pending()).toEqual({ dispatch: 2, cancel: 0 });
  expect((await system.query('select last_error from outbox where id = $1', [second])).rows).toEqual([
    { last_error: 'the engine of pool "pinned" cannot be reached' },
  ]);
  expect(await outbox.prune(0)).toBe(1);
  expect(await outbox.pending()).toEqual({ dispatch: 2, cancel: 0 });
});
