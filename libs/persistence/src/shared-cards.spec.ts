import type { AttemptOutcome } from '#libs/domain';
import { heldMilli } from '#libs/scheduling';
import {
  type FreshDatabase,
  type RunningWork,
  aGroup,
  aNewJob,
  aPool,
  aTenant,
  aUuid,
  freshDatabase,
  insertRows,
  runWork,
  testEpoch,
} from '#libs/testing';
import fc from 'fast-check';
import { PostgresAttemptStore } from './attempt-store.js';
import { PostgresBulkSubmit } from './bulk-submit.js';
import { cardColumnsOf, cardsOf } from './card-parts.js';
import { openDatabase, type Database } from './database.js';
import { PostgresMetricsReader } from './metrics-reader.js';
import { PostgresOutbox } from './outbox.js';
import { PostgresPlanCommitter, type PlanToCommit } from './plan-committer.js';
import { PostgresPlannerFeed } from './planner-feed.js';
import { readPools } from './pool-views.js';
import { PostgresSettlementStore } from './settlement-store.js';

const WRITERS = 12;
let fresh: FreshDatabase;
let system: Database;
beforeEach(async () => {
  fresh = await freshDatabase();
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: WRITERS });
  await insertRows(system, {
    tenants: [aTenant('blue')],
    pools: [
      aPool('quarters', {
        groups: [
          aGroup('quarters-a', {
            nodes: 2,
            shape: { cards: 2, cores: 64, memoryGiB: 512 },
            sharing: { kind: 'vnpu', slices: 4 },
          }),
        ],
      }),
      aPool('sevenths', {
        groups: [
          aGroup('sevenths-a', {
            nodes: 2,
            shape: { cards: 2, cores: 64, memoryGiB: 512 },
            sharing: { kind: 'mig', slices: 7 },
          }),
        ],
      }),
    ],
  });
});
afterEach(async () => {
  await system?.close();
  await fresh?.drop();
});

/** Work on one card of node 0 of group `quarters-a`, unless named otherwise. */
const part = (
  cards: number,
  on: { device?: number; node?: number; poolId?: string; isPrepared?: boolean } = {},
): Promise<RunningWork> =>
  runWork(system, {
    class: 'inference',
    poolId: on.poolId ?? 'quarters',
    nodeIndices: [on.node ?? 0],
    devices: [cards > 1 ? Array.from({ length: cards }, (_, device) => device) : [on.device ?? 0]],
    perNode: { cards, cores: 1, memoryGiB: 4 },
    ...(on.isPrepared && { startedAt: null }),
  });

const used = async (poolId = 'quarters', node = 0): Promise<{ cards: number; milli: number[] }> => {
  const { rows } = await system.query<{ cards: number; milli: number[] }>(
    `select n.used_cards as cards, array_agg(d.used_milli order by d.index) as milli
     from node n join device d on d.node_id = n.id where n.group_id = $1 and n.index = $2 group by n.id`,
    [`${poolId}-a`, node],
  );
  return rows[0] ?? { cards: -1, milli: [] };
};

describe('parts of cards', () => {
  it('a card counts as used from its first part to its last, and what is held is whole slices', async () => {
    await part(0.25);
    expect(await used()).toEqual({ cards: 1, milli: [250, 0] });
    await part(0.251);
    expect(await used()).toEqual({ cards: 1, milli: [750, 0] });
    await part(1, { device: 1 });
    expect(await used()).toEqual({ cards: 2, milli: [750, 1000] });
    await part(0.25);
    expect(await used()).toEqual({ cards: 2, milli: [1000, 1000] });
    await expect(part(0.25)).rejects.toThrow(/capacity-taken/);
    await expect(part(0.001, { device: 1 })).rejects.toThrow(/capacity-taken/);
  });

  it('seven sevenths fill a card though a seventh is no whole number of milli-cards', async () => {
    for (let count = 0; count < 7; count += 1) await part(0.1, { poolId: 'sevenths' });
    expect(await used('sevenths')).toEqual({ cards: 1, milli: [7 * 142, 0] });
    await expect(part(0.1, { poolId: 'sevenths' })).rejects.toThrow(/capacity-taken/);
  });

  const outcomes: AttemptOutcome[] = ['completed', 'failed', 'timeout', 'cancelled', 'rejected', 'lost'];
  it.each([...outcomes, 'preempted' as const])('%s gives back what was held, and nothing else', async (outcome) => {
    const isPrepared = outcome === 'rejected'; // nothing that runs is
    const works = [
      await part(0.3, { isPrepared }),
      await part(0.5, { isPrepared }),
      await part(2, { node: 1, isPrepared }),
    ];
    expect([await used(), (await used('quarters', 1)).milli]).toEqual([{ cards: 1, milli: [1000, 0] }, [1000, 1000]]);
    const end = (work: RunningWork | undefined) =>
      new PostgresAttemptStore(system).ended([
        {
          attemptId: work!.attemptId,
          outcome,
          startedAt: isPrepared ? null : testEpoch,
          endedAt: testEpoch + 1000,
          exitCode: null,
        },
      ]);
    await end(works[0]);
    await end(works[0]);
    expect(await used()).toEqual({ cards: 1, milli: [500, 0] });
    await end(works[1]);
    expect(await used()).toEqual({ cards: 0, milli: [0, 0] });
    await end(works[2]);
    expect(await used('quarters', 1)).toEqual({ cards: 0, milli: [0, 0] });
  });

  it('parts that end together close their card once', async () => {
    const works = [await part(0.25), await part(0.25), await part(0.5, { device: 1 })];
    await new PostgresAttemptStore(system).ended(
      works.map(({ attemptId }) => ({ attemptId, outcome: 'completed', startedAt: 0, endedAt: 1, exitCode: 0 })),
    );
    expect(await used()).toEqual({ cards: 0, milli: [0, 0] });
  });

  it('two committers never give out one part twice', async () => {
    const epoch = (await system.query<{ epoch: number }>(`select epoch from lease where name = 'scheduler'`)).rows[0]?.epoch ?? 0; // prettier-ignore
    const jobs = Array.from({ length: 60 }, (_, index) =>
      aNewJob({ class: 'inference', perNode: { cards: [0.25, 0.5, 0.3, 1][index % 4] ?? 1, cores: 1, memoryGiB: 1 } }),
    );
    await new PostgresBulkSubmit(system).submitAll(jobs);
    const plan = (first: number): PlanToCommit => ({
      epoch,
      cycle: first,
      now: testEpoch,
      starts: jobs.slice(first, first + 5).map((job, index) => ({
        attemptId: aUuid(), jobId: job.id, tenantId: 'blue', nodes: 1, perNode: job.perNode, poolId: 'quarters', groupId: 'quarters-a',
        nodeIndices: [(first + index) % 2], devices: [[index % 2]], endsBy: testEpoch / 1000 + 60, backfilled: false, score: 0,
      })),
    }); // prettier-ignore
    const committed = await Promise.all(
      Array.from({ length: WRITERS }, (_, writer) => new PostgresPlanCommitter(system).commit(plan(writer * 5))),
    );
    const started = committed.flatMap((answer) => (answer.kind === 'committed' ? answer.started : []));
    expect(started.length).toBeGreaterThanOrEqual(4);
    expect(started.length).toBeLessThan(60);
    expect(await wrongCards()).toEqual([]);
  });
});

// What cards and nodes say is used must be what the living attempts hold.
const wrongCards = async (): Promise<unknown[]> =>
  (
    await system.query(`
  with held as (
    select p.node_id, d.index, sum(a.held_milli)::int as milli from attempt a join placement_node p on p.attempt_id = a.id, unnest(p.devices) as d(index)
    where a.state in ('placed', 'prepared', 'released', 'running') group by 1, 2
  )
  select d.node_id, d.index, d.used_milli from device d left join held h on h.node_id = d.node_id and h.index = d.index
  where d.used_milli <> coalesce(h.milli, 0) or d.used_milli > 1000
  union all
  select n.id, -1, n.used_cards from node n
  where n.used_cards <> (select count(*) from device d where d.node_id = n.id and d.used_milli > 0)`)
  ).rows;

describe('no order of starts and ends', () => {
  const aStep = fc.oneof(
    { weight: 3, arbitrary: fc.record({ milli: fc.integer({ min: 1, max: 1000 }), node: fc.nat(1), device: fc.nat(1) }) },
    { weight: 2, arbitrary: fc.record({ end: fc.nat(30) }) },
  ); // prettier-ignore
  it('leaves a card with more or less on it than those who live there hold', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('quarters', 'sevenths'), fc.array(aStep, { maxLength: 14 }), async (poolId, steps) => {
        const slices = poolId === 'quarters' ? 4 : 7;
        const alive: { work: RunningWork; card: string; milli: number }[] = [];
        const left = new Map<string, number>();
        const attempts = new PostgresAttemptStore(system);
        const end = (gone: typeof alive) =>
          attempts.ended(
            gone.map(({ work }) => ({ attemptId: work.attemptId, outcome: 'failed', startedAt: 0, endedAt: 1, exitCode: 1 })),
          );
        for (const step of steps) {
          if ('end' in step) {
            const gone = alive.splice(step.end % Math.max(1, alive.length), 1);
            await end(gone);
            for (const { card, milli } of gone) left.set(card, (left.get(card) ?? 1000) + milli);
            continue;
          }
          const card = `${step.node}/${step.device}`;
          const milli = heldMilli(step.milli, slices);
          const fits = (left.get(card) ?? 1000) >= milli;
          const placed = await part(step.milli / 1000, { ...step, poolId }).catch(() => null);
          expect(placed !== null).toBe(fits);
          if (!placed) continue;
          left.set(card, (left.get(card) ?? 1000) - milli);
          alive.push({ work: placed, card, milli });
        }
        expect(await wrongCards()).toEqual([]);
        await end(alive);
        expect(await wrongCards()).toEqual([]);
      }),
      { numRuns: 12 },
    ); // prettier-ignore
  });
});

describe('the database itself refuses', () => {
  const wrongs: Record<string, { sql: string; want: RegExp }> = {
    'more than a card on a card': { sql: 'update device set used_milli = 1001', want: /device_used_milli_check/ },
    'less than nothing on a card': { sql: 'update device set used_milli = -1', want: /device_used_milli_check/ },
    'a part of two cards': { sql: 'update job set cards = 2', want: /job_part_check/ },
    'a held part of two cards': { sql: 'update attempt set cards = 2', want: /attempt_part_check/ },
    'more than a card held': { sql: 'update attempt set held_milli = 1001', want: /attempt_held_milli_check/ },
    'other cards than are counted': { sql: `update placement_node set devices = '{0,1}'`, want: /devices_check/ },
    'slices without a kind': { sql: 'update node_group set sharing_kind = null', want: /sharing_check/ },
    'slices that do not add up': { sql: 'update node_group set sharing_slices = 33', want: /sharing_slices_check/ },
  };
  it('what no card can hold', async () => {
    await part(0.25);
    for (const { sql, want } of Object.values(wrongs)) await expect(system.query(sql)).rejects.toThrow(want);
  });
});

describe('who reads parts of cards', () => {
  it('a change tells the very attempt and job that a cold start has', async () => {
    const feed = new PostgresPlannerFeed(system);
    const { cursor } = await feed.cold(testEpoch);
    const work = await part(0.3, { poolId: 'sevenths', device: 1, node: 1 });
    const waiting = aNewJob({ perNode: { cards: 0.125, cores: 1, memoryGiB: 1 } });
    await new PostgresBulkSubmit(system).submitAll([waiting]);
    const followed = await feed.since(cursor, testEpoch);
    const { snapshot } = await feed.cold(testEpoch);
    expect(snapshot.groups.map(({ id, sharing }) => [id, sharing])).toEqual([
      ['quarters-a', { kind: 'vnpu', slices: 4 }],
      ['sevenths-a', { kind: 'mig', slices: 7 }],
    ]);
    expect(snapshot.running).toMatchObject([
      { attemptId: work.attemptId, perNode: { cards: 0.3 }, nodeIndices: [1], devices: [[1]] },
    ]);
    expect(snapshot.queued).toMatchObject([{ id: waiting.id, perNode: { cards: 0.125 } }]);
    expect(followed).toMatchObject({
      deltas: expect.arrayContaining([
        { kind: 'attempt-changed', attempt: snapshot.running[0] },
        { kind: 'job-queued', job: snapshot.queued[0] },
      ]),
    });
  });

  it('the engine is told which cards, in the order of the nodes', async () => {
    const work = await runWork(system, {
      poolId: 'quarters',
      nodeIndices: [1, 0],
      devices: [[1], [0]],
      perNode: { cards: 0.3, cores: 1, memoryGiB: 1 },
      startedAt: null,
    });
    const [message] = await new PostgresOutbox(system).claim(10, 1000);
    expect(message?.order).toMatchObject({
      attemptId: work.attemptId,
      nodeIds: ['quarters-a-0001', 'quarters-a-0002'],
      perNode: { cards: 0.3 },
      sharing: { kind: 'vnpu', milli: 500, devices: [[0], [1]] },
    });
  });
});

describe('who counts parts of cards', () => {
  it('what is held is what counts: in the hour that is settled, in the use of the tenant and among what was lost', async () => {
    const work = await part(0.3, { poolId: 'sevenths' }); // three sevenths
    const hour = testEpoch - (testEpoch % 3_600_000);
    const used = await new PostgresSettlementStore(system).occupancy('sevenths-site', hour);
    expect(used).toMatchObject([{ attemptId: work.attemptId, cards: 0.428 }]);
    const endedAt = testEpoch + 100_000;
    await new PostgresAttemptStore(system).ended([
      { attemptId: work.attemptId, outcome: 'lost', startedAt: testEpoch, endedAt, exitCode: null },
    ]);
    const { rows } = await system.query('select used_card_seconds as seconds from tenant where id = $1', ['blue']);
    expect(rows).toEqual([{ seconds: 42.8 }]);
    expect(await new PostgresMetricsReader(system).lostSeconds()).toMatchObject([{ cardSeconds: 42.8 }]);
  });

  it('a node is full when no slice is left on it, not when all of its cards are open', async () => {
    const shown = async () => {
      const [pool] = await readPools(system, 'sevenths');
      const { nodesByState, cards, sharing } = pool!.groups[0]!;
      return {
        mixed: nodesByState.mixed,
        full: nodesByState.allocated,
        open: cards.allocated,
        held: sharing?.cardsHeld,
      };
    };
    const on = { poolId: 'sevenths' };
    await part(0.1, { ...on, device: 0 });
    await part(0.9, { ...on, device: 1 });
    expect(await shown()).toEqual({ mixed: 1, full: 0, open: 2, held: 1.142 });
    await part(0.8, { ...on, device: 0 });
    expect(await shown()).toEqual({ mixed: 0, full: 1, open: 2, held: 1.999 });
  });

  it('queued demand is in parts, and the audit sees a card that is given out twice', async () => {
    const metrics = new PostgresMetricsReader(system);
    const waiting = { cards: 0.25, cores: 1, memoryGiB: 1 };
    await new PostgresBulkSubmit(system).submitAll([aNewJob({ perNode: waiting }), aNewJob({ perNode: waiting })]);
    expect(await metrics.queuedDemand()).toMatchObject([{ cards: 0.5 }]);
    await part(0.75);
    const other = await part(0.5, { device: 1 });
    expect((await metrics.overcommits()).find(({ pool }) => pool === 'quarters')?.nodes).toBe(0);
    await system.query(`update placement_node set devices = '{0}' where attempt_id = $1`, [other.attemptId]);
    expect((await metrics.overcommits()).find(({ pool }) => pool === 'quarters')?.nodes).toBe(1);
  });
});

it('parts come back from the database as they went in', () => {
  for (let milli = 1; milli < 1000; milli += 1) {
    const cards = Number((milli / 1000).toFixed(3));
    expect(cardsOf(cardColumnsOf(cards))).toBe(cards);
  }
  expect([0, 1, 8].map((cards) => cardsOf(cardColumnsOf(cards)))).toEqual([0, 1, 8]);
});
