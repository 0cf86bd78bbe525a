import { BookingsBusy } from '#libs/application';
import { DAY_MS, HOUR_MS } from '#libs/domain';
import type { Booking } from '#libs/scheduling';
import { aNewJob, aUuid, BookingBench } from '#libs/testing';
import { PostgresBulkSubmit } from './bulk-submit.js';
import { PostgresPlanCommitter, type PlanToCommit } from './plan-committer.js';

type Start = PlanToCommit['starts'][number];
const t0 = Date.parse('2026-11-24T09:00:00+08:00');
const HOUR = 3600;

let bench: BookingBench;
beforeAll(async () => {
  bench = await BookingBench.open(t0);
});
beforeEach(() => bench.anew());
afterAll(() => bench.close());

async function startOf(named: { tenant?: string; node?: number; seconds?: number; jobClass?: 'inference' } = {}) {
  const job = aNewJob({
    tenantId: named.tenant ?? 'green',
    limitSeconds: named.seconds ?? 2 * HOUR,
    ...(named.jobClass && { class: named.jobClass }),
  });
  await new PostgresBulkSubmit(bench.system).submitAll([job]);
  const start: Start = {
    jobId: job.id, attemptId: aUuid(), groupId: `${bench.pool}-a`, poolId: bench.pool, nodeIndices: [named.node ?? 0], backfilled: false,
    endsBy: t0 / 1000 + job.limitSeconds, score: 1, tenantId: job.tenantId, nodes: job.nodes, perNode: job.perNode,
  }; // prettier-ignore
  return start;
}
const commit = (starts: readonly Start[], now = t0) =>
  new PostgresPlanCommitter(bench.system).commit({ epoch: 0, cycle: 1, now, starts });
/** Node 0 of the pool, in two hours for an hour. */
const bookFirstNode = (named: Partial<Booking> & { drain?: boolean }) => {
  const asked = bench.aReservation({
    from: t0 + 2 * HOUR_MS,
    until: t0 + 3 * HOUR_MS,
    parts: bench.part([bench.node(0)]),
    ...named,
  });
  return bench.book(asked).then((booked) => ({ asked, booked }));
};

describe('a window that was booked while the plan was made', () => {
  interface Case {
    readonly window: Partial<Booking>;
    readonly start: Parameters<typeof startOf>[0];
    readonly want: 'started' | 'refused';
  }
  const cases: Record<string, Case> = {
    'a run that ends as the window begins starts': { window: {}, start: {}, want: 'started' },
    'one that would run into it by a second does not': { window: {}, start: { seconds: 2 * HOUR + 1 }, want: 'refused' },
    'nor one that would outlast it': { window: {}, start: { seconds: 9 * HOUR }, want: 'refused' },
    'on another node it starts': { window: {}, start: { seconds: 9 * HOUR, node: 1 }, want: 'started' },
    'the tenant that it is booked for starts': { window: {}, start: { seconds: 3 * HOUR, tenant: 'blue' }, want: 'started' },
    'so does a tenant below that one': { window: {}, start: { seconds: 3 * HOUR, tenant: 'blue-lab' }, want: 'started' },
    'but not the one above where it is booked for the one below': { window: { tenantId: 'blue-lab' }, start: { seconds: 3 * HOUR, tenant: 'blue' }, want: 'refused' },
    'booked for a class, a job of that class starts, whosever it is': { window: { class: 'inference' }, start: { seconds: 3 * HOUR, jobClass: 'inference' }, want: 'started' },
    'and a job of another class does not': { window: { class: 'inference' }, start: { seconds: 3 * HOUR }, want: 'refused' },
    'booked for a class of a tenant, both must be right: the class alone is not': { window: { class: 'inference', tenantId: 'blue' }, start: { seconds: 3 * HOUR, jobClass: 'inference' }, want: 'refused' },
    'nor the tenant alone': { window: { class: 'inference', tenantId: 'blue' }, start: { seconds: 3 * HOUR, tenant: 'blue' }, want: 'refused' },
    'a maintenance is open to nobody': { window: { kind: 'maintenance' }, start: { seconds: 3 * HOUR, tenant: 'blue' }, want: 'refused' },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', async (_sentence, { window, start, want }) => {
    const planned = await startOf(start);
    const other = await startOf({ node: 3 });
    expect((await bookFirstNode(window)).booked.kind).toBe('booked');
    const committed = await commit([planned, other]);
    const refused = want === 'refused' ? [{ jobId: planned.jobId, why: 'capacity-taken' }] : [];
    expect(committed).toMatchObject({ kind: 'committed', refused });
    const started = committed.kind === 'committed' ? committed.started.map(({ jobId }) => jobId) : [];
    expect(started).toEqual(want === 'refused' ? [other.jobId] : [planned.jobId, other.jobId]);
  });

  it('does not stand in the way once it was cancelled, nor after its end', async () => {
    const { asked } = await bookFirstNode({});
    const tooLong = await startOf({ seconds: 9 * HOUR });
    expect(await commit([tooLong])).toMatchObject({ refused: [{ why: 'capacity-taken' }] });
    await bench.store.cancel(bench.operator, asked.booking, t0);
    expect(await commit([tooLong])).toMatchObject({ refused: [], started: [{ jobId: tooLong.jobId }] });
    await bookFirstNode({ from: t0 + HOUR_MS, parts: bench.part([bench.node(1)]) });
    const after = { ...(await startOf({ node: 1 })), endsBy: t0 / 1000 + 5 * HOUR };
    expect(await commit([after], t0 + 3 * HOUR_MS - 1)).toMatchObject({ refused: [{ jobId: after.jobId }] });
    expect(await commit([after], t0 + 3 * HOUR_MS)).toMatchObject({ refused: [] });
  });

  it('a gang of which one node is booked takes none of its nodes', async () => {
    const start = { ...(await startOf({ seconds: 9 * HOUR })), nodeIndices: [1, 0], nodes: 2 };
    await bench.system.query('update job set nodes = 2 where id = $1', [start.jobId]);
    await bookFirstNode({});
    expect(await commit([start])).toMatchObject({ refused: [{ jobId: start.jobId, why: 'capacity-taken' }] });
    const { rows } = await bench.system.query('select sum(used_cards)::int as used from node where group_id = $1', [
      start.groupId,
    ]);
    expect(rows).toEqual([{ used: 0 }]);
  });

  it('what was already written is answered as started, though its nodes were booked since', async () => {
    const start = await startOf({ seconds: 9 * HOUR });
    const first = await commit([start]);
    expect((await bookFirstNode({})).booked).toMatchObject({ kind: 'booked', overrun: { attempts: 1 } });
    expect(await commit([start])).toEqual(first);
  });
});

it('a commit waits for a booking that is being made, keeps the lease from nobody meanwhile, and then sees it', async () => {
  const start = await startOf({ seconds: 9 * HOUR });
  const committing = await bench.system.transaction(async (session) => {
    await session.query(`select pg_advisory_xact_lock(hashtext('chusuan-bookings'))`);
    const commitment = commit([start]);
    const waiting = `select 1 from pg_locks where locktype = 'advisory' and not granted`;
    while ((await session.query(waiting)).rowCount === 0) await session.query('select pg_sleep(0.01)');
    await session.query(`select from lease where name = 'scheduler' for update nowait`);
    const { booking } = bench.aReservation();
    await session.query(
      `insert into reservation (id, kind, name, tenant_id, starts_at, ends_at, parts, booked_until, created_at, created_by)
       values ($1, 'booking', 'x', 'blue', '2026-11-24T02:00Z', '2026-11-24T04:00Z', '[]', '2026-11-25Z', now(), 'test')`,
      [booking.id],
    );
    await session.query(
      `insert into reservation_occurrence (reservation_id, starts_at, ends_at) select id, starts_at, ends_at from reservation where id = $1`,
      [booking.id],
    );
    await session.query(
      `insert into reservation_node (reservation_id, starts_at, node_id, group_id, window_id, during)
       select id, starts_at, $2, $3, 'w', tstzrange(starts_at, ends_at) from reservation where id = $1`,
      [booking.id, bench.node(0), start.groupId],
    );
    return { commitment };
  });
  expect(await committing.commitment).toMatchObject({ refused: [{ jobId: start.jobId, why: 'capacity-taken' }] });
});

describe('who books while others hold what he needs', () => {
  const lockWaits = 'select 1 from pg_locks where not granted';
  const aWait = async () => {
    while ((await bench.system.query(lockWaits)).rowCount === 0) await bench.system.query('select pg_sleep(0.01)');
  };

  it('gives up, has changed nothing, and lets the commit through that waited for him', async () => {
    const start = await startOf({ node: 1 });
    const held = await bench.system.transaction(async (session) => {
      await session.query('select from node where id = $1 for update', [bench.node(0)]);
      const asked = bench.aReservation({ kind: 'maintenance', drain: true, parts: bench.part([bench.node(0)]) });
      const booking = bench.book(asked).catch((error: unknown) => error);
      await aWait();
      const committed = commit([start]);
      return { asked, booked: await booking, committed: await committed };
    });
    expect(held.booked).toBeInstanceOf(BookingsBusy);
    expect(held.booked).toMatchObject({ code: 'bookings-busy' });
    expect(held.committed).toMatchObject({ refused: [], started: [{ jobId: start.jobId }] });
    expect(await bench.auditOf(held.asked)).toEqual([]);
    expect(await bench.windows()).toEqual([]);
    expect(await bench.book(held.asked)).toMatchObject({ kind: 'booked' });
  });

  it('gives up as well where another books for too long', async () => {
    const { asked } = await bookFirstNode({});
    const outcomes = await bench.system.transaction(async (session) => {
      await session.query(`select pg_advisory_xact_lock(hashtext('chusuan-bookings'))`);
      const acts = [
        bench.book(bench.aReservation({ parts: bench.part([bench.node(1)]) })),
        bench.store.amend(bench.operator, asked.booking, { name: 'other' }, t0),
        bench.store.cancel(bench.operator, asked.booking, t0),
      ];
      const kept = bench.keeper.keep(t0 + 9 * HOUR_MS);
      return { acts: await Promise.allSettled(acts), kept: await kept };
    });
    expect(outcomes.acts.map((one) => one.status === 'rejected' && (one.reason as unknown))).toEqual(
      Array.from({ length: 3 }, () => expect.any(BookingsBusy) as unknown),
    );
    expect(outcomes.kept).toEqual({ begun: 0, ended: 0, givenBack: 0, booked: 0, unmet: 0, busy: true });
    expect(await bench.shown(asked)).toMatchObject({ name: 'course', state: 'active' });
  });

  it('has turned what was due where only booking ahead is held up', async () => {
    const recurrence = { frequency: 'daily', interval: 1 } as const;
    const [first, second] = [0, 1].map((node) =>
      bench.aReservation({ recurrence, parts: bench.part([bench.node(node)]) }),
    );
    await bench.book(first!);
    await bench.book(second!);
    const later = t0 + 2 * DAY_MS;
    const kept = await bench.system.transaction(async (session) => {
      await session.query('select from reservation where id = $1 for update', [second!.booking.id]);
      return bench.keeper.keep(later);
    });
    expect(kept).toEqual({ begun: 0, ended: 4, givenBack: 0, booked: 2, unmet: 0, busy: true });
    expect(await bench.keeper.keep(later)).toEqual({
      begun: 0, ended: 0, givenBack: 0, booked: 2, unmet: 0, busy: false,
    }); // prettier-ignore
  });
});

describe('what comes again, when somebody books', () => {
  const recurrence = { frequency: 'daily', interval: 1 } as const;

  it('leaves room for commits between the bookings that are booked ahead first, however far ahead that is', async () => {
    const nodes = [0, 1, 2];
    const daily = nodes.map((node) => bench.aReservation({ recurrence, parts: bench.part([bench.node(node)]) }));
    for (const one of daily) await bench.book(one);
    const from = t0 + 90 * DAY_MS;
    const asked = bench.aReservation({ from, until: from + 3 * HOUR_MS, parts: bench.part([bench.node(0)]) });
    // It begins when the daily one begins which was there first.
    expect(await bench.book(asked)).toMatchObject({
      kind: 'taken',
      refused: { inTheWay: [{ bookingId: daily[0]!.booking.id }] },
    });
    const { rows } = await bench.system.query<{ days: number; transactions: number }>(
      `select count(*)::int as days, count(distinct xmin::text)::int as transactions from reservation_occurrence
       group by reservation_id`,
    );
    // The first 14 days at once, the others in steps of 14.
    expect(rows).toEqual(nodes.map(() => ({ days: 91, transactions: 7 })));
  });

  const behind: Record<string, { days: number; more: number; wantTransactions: number }> = {
    'half a year at once': { days: 182, more: 0, wantTransactions: 1 },
    'more than half a year in steps of two weeks, of which the last, of a second, has nothing to book': {
      days: 182,
      more: 1000,
      wantTransactions: 13,
    },
  };
  it.each(Object.entries(behind))('is booked ahead %s', async (_sentence, { days, more, wantTransactions }) => {
    const one = bench.aReservation({ recurrence, parts: bench.part([bench.node(0)]) });
    await bench.book(one);
    const until = t0 + (14 + days) * DAY_MS + more;
    await bench.book(bench.aReservation({ from: until - HOUR_MS, until, parts: bench.part([bench.node(1)]) }));
    const { rows } = await bench.system.query(
      `select count(*)::int as booked, count(distinct xmin::text)::int as transactions from reservation_occurrence
       where reservation_id = $1`,
      [one.booking.id],
    );
    expect(rows).toEqual([{ booked: 14 + days, transactions: 1 + wantTransactions }]);
  });

  it('is booked no farther ahead than before, though it ends after that', async () => {
    for (const [node, hour] of [[0, 1], [1, 9], [2, 17], [3, 18]] as const) {
      const from = t0 + hour * HOUR_MS;
      await bench.book(bench.aReservation({ recurrence, from, until: from + 12 * HOUR_MS, parts: bench.part([bench.node(node)]) }));
    } // prettier-ignore
    const last = 'select max(booked_until) as at from reservation';
    expect((await bench.system.query(last)).rows).toEqual([{ at: t0 + 14 * DAY_MS }]);
  });
});
