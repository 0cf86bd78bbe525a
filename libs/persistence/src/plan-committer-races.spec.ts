import type { EndedAttempt } from '#libs/application';
import { type FreshDatabase, aGroup, aNewJob, aPool, aTenant, aUuid, freshDatabase, insertRows } from '#libs/testing';
import { PostgresAttemptStore } from './attempt-store.js';
import { PostgresBulkSubmit } from './bulk-submit.js';
import { openDatabase, type Database } from './database.js';
import { PostgresLeaseStore } from './lease-store.js';
import { PostgresPlanCommitter, type PlanToCommit } from './plan-committer.js';

type Start = PlanToCommit['starts'][number];
const WRITERS = 32;
const ROUNDS = 12;
const STARTS = 10; // a plan; 32 × 12 × 10 = 3,840 placements proposed
const NODES = 24;
const t0 = Date.parse('2026-11-22T02:00:00Z');

/** Numbers of a linear congruential generator, so that a run can be told by its seed. */
function chance(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

let fresh: FreshDatabase;
let system: Database;
beforeAll(async () => {
  fresh = await freshDatabase();
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: WRITERS });
  await insertRows(system, {
    tenants: [aTenant('blue'), aTenant('green')],
    pools: [
      aPool('pinned', { groups: [aGroup('pinned-a', { nodes: NODES })] }),
      aPool('delegated', { placement: 'delegated', groups: [aGroup('delegated-a', { nodes: 12 })] }),
    ],
  });
});
afterAll(async () => {
  await system?.close();
  await fresh?.drop();
});

// What the capacity rows say must be what the living attempts hold, node by node and group by group.
const wrongNodes = `
  select n.id from node n left join (
    select p.node_id, sum(p.cards) as cards, sum(p.cores) as cores, sum(p.memory_gib) as memory_gib
    from placement_node p join attempt a on a.id = p.attempt_id
    where a.placement = 'pinned' and a.state in ('placed', 'prepared', 'released', 'running') group by p.node_id
  ) h on h.node_id = n.id
  where (n.used_cards, n.used_cores, n.used_memory_gib)
      is distinct from (coalesce(h.cards, 0)::int, coalesce(h.cores, 0)::int, coalesce(h.memory_gib, 0)::int)
    or n.used_cards > n.installed_cards or n.used_cores > n.installed_cores or n.used_memory_gib > n.installed_memory_gib`;
const wrongGroups = `
  select g.id from node_group g left join (
    select group_id, sum(nodes * cards) as cards, sum(nodes * cores) as cores from attempt
    where placement = 'delegated' and state in ('placed', 'prepared', 'released', 'running') group by group_id
  ) h on h.group_id = g.id
  where (g.allocated_cards, g.allocated_cores) is distinct from (coalesce(h.cards, 0)::int, coalesce(h.cores, 0)::int)
    or g.allocated_cards > g.usable_cards`;
const wrongJobs = `
  select j.id from job j left join attempt a on a.job_id = j.id and a.state in ('placed', 'prepared', 'released', 'running')
  group by j.id having count(a.id) <> (case when j.state in ('placed', 'starting', 'running', 'cancelling') then 1 else 0 end)`;

/** Plans as if it were alone: any waiting job on any nodes, never asking whether they are free. */
function recklessPlan(jobs: readonly ReturnType<typeof aNewJob>[], random: (below: number) => number): Start[] {
  return Array.from({ length: STARTS }, () => {
    const job = jobs[random(jobs.length)] ?? aNewJob();
    const isPinned = random(4) > 0;
    const first = random(NODES);
    return {
      jobId: job.id, attemptId: aUuid(), tenantId: job.tenantId, nodes: job.nodes, perNode: job.perNode, endsBy: t0 / 1000 + 3600,
      groupId: isPinned ? 'pinned-a' : 'delegated-a', poolId: isPinned ? 'pinned' : 'delegated', backfilled: false, score: 1,
      nodeIndices: isPinned ? Array.from({ length: job.nodes }, (_, k) => (first + k * (1 + random(5))) % NODES) : [],
    };
  }); // prettier-ignore
}

it('two schedulers that both believe they lead, and one that did, never give a node out twice', async () => {
  const lease = new PostgresLeaseStore(system);
  const stale = await lease.acquire('past leader', 0);
  const { epoch } = await lease.acquire('leader', 0);
  const committer = new PostgresPlanCommitter(system);
  const attempts = new PostgresAttemptStore(system);
  const counts = { started: 0, refused: 0, fenced: 0, ended: 0 };
  const seed = 20261122;

  const writer = async (number: number): Promise<void> => {
    const random = chance(seed + number);
    const epochOfMine = number % 8 === 7 ? stale.epoch : epoch;
    for (let round = 0; round < ROUNDS; round += 1) {
      const starts = recklessPlan(jobs, random);
      const committed = await committer.commit({ epoch: epochOfMine, cycle: round, now: t0, starts });
      expect(committed.kind).toBe(epochOfMine === epoch ? 'committed' : 'fenced');
      if (committed.kind === 'fenced') {
        counts.fenced += 1;
        continue;
      }
      counts.started += committed.started.length;
      counts.refused += committed.refused.length;
      const endings = committed.started
        .filter(() => random(10) < 9)
        .map(({ attemptId }): EndedAttempt => ({
          attemptId, outcome: random(2) ? 'lost' : 'completed', endedAt: t0 + 1000, startedAt: t0, exitCode: 0,
        })); // prettier-ignore
      const [once, again] = await Promise.all([attempts.ended(endings), attempts.ended(endings.toReversed())]);
      counts.ended += once.length + again.length;
      expect(once.length + again.length).toBe(endings.length);
    }
  };
  const jobs = Array.from({ length: 1500 }, (_, i) =>
    aNewJob({
      tenantId: i % 2 ? 'blue' : 'green',
      nodes: 1 + (i % 2),
      perNode: { cards: 1 + (i % 5), cores: 8 * (1 + (i % 5)), memoryGiB: 64 },
    }),
  );
  await new PostgresBulkSubmit(system).submitAll(jobs);
  // Any error at all fails the test: a CHECK that fired, a deadlock, or a judged plan that its own update refused.
  await Promise.all(Array.from({ length: WRITERS }, (_, number) => writer(number)));

  for (const wrong of [wrongNodes, wrongGroups, wrongJobs]) expect((await system.query(wrong)).rows).toEqual([]);
  const { rows } = await system.query<{ epochs: number[] }>('select array_agg(distinct epoch) as epochs from attempt');
  expect(rows[0]?.epochs).toEqual([epoch]);
  expect(counts.fenced).toBe((WRITERS / 8) * ROUNDS);
  expect(counts.started + counts.refused).toBe((WRITERS - WRITERS / 8) * ROUNDS * STARTS);
  // The race is only worth something when both outcomes are plenty.
  expect(Math.min(counts.started, counts.refused, counts.ended)).toBeGreaterThan(300);
  if (process.env['CHUSUAN_TEST_TIMES']) console.warn(JSON.stringify(counts));
});
