import {
  CHUNK_BYTES,
  type CycleEntry,
  CycleRecordBroken,
  type VerdictToStore,
  defaultServicePolicy,
  packDeltas,
  packKeyframe,
  sealed,
} from '#libs/application';
import type { Delta, Snapshot } from '#libs/scheduling';
import { type FreshDatabase, aNewJob, aTenant, aUuid, freshDatabase, insertRows, tenantKey } from '#libs/testing';
import { PostgresBulkSubmit } from './bulk-submit.js';
import { PostgresCycleLog } from './cycle-log.js';
import { openDatabase, type Database, type Session } from './database.js';
import { PostgresMetricsReader } from './metrics-reader.js';
import { PostgresJobStore } from './job-store.js';

const t0 = Date.parse('2026-11-22T02:00:00Z');

let fresh: FreshDatabase;
let system: Database;
let app: Database;
let log: PostgresCycleLog;
beforeAll(async () => {
  fresh = await freshDatabase();
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 8 });
  app = openDatabase(fresh.url, { role: 'chusuan_app', max: 4 });
  log = new PostgresCycleLog(system);
  await insertRows(system, { tenants: [aTenant('blue')] });
});
beforeEach(() => system.query('delete from cycle_record; delete from cycle_keyframe'));
afterAll(async () => {
  await system?.close();
  await app?.close();
  await fresh?.drop();
});

const aState = (now: number, tenants = 1): Snapshot => ({
  now, pools: [], groups: [], nodeStates: [], windows: [], running: [], queued: [], outlooks: [],
  tenants: Array.from({ length: tenants }, (_, index) => ({ id: `鄂州-${index}`, parentId: null, weight: 1, usage: 0.1 + 0.2 })),
}); // prettier-ignore
const aPolicy = { ...defaultServicePolicy, sha256: 'policy-1' };
type Said = Omit<CycleEntry, 'state'>;
const said = (cycle: number, named: Partial<Said> = {}): Said => ({
  cycle, epoch: 1, nowSeconds: t0 / 1000 + cycle, policy: aPolicy, planSha256: `sha-${cycle}`, starts: 2, preemptions: 1, considered: 9, ...named,
}); // prettier-ignore
const deltasOf = (cycle: number): readonly Delta[] => [{ kind: 'job-withdrawn', jobId: `job-${cycle}` }];
/** Cycle `cycle` stands on the keyframe of `on`; the cycles between are its steps. */
const anEntry = (cycle: number, on: number, named: Partial<Said> = {}): CycleEntry => ({
  ...said(cycle, named),
  state: { kind: 'deltas', keyframeCycle: on, step: cycle - on, packed: packDeltas(deltasOf(cycle)) },
});
const keyed = (cycle: number, named: Partial<Said> = {}): CycleEntry => ({
  ...said(cycle, named),
  state: { kind: 'keyframe', chunks: packKeyframe(aState(cycle)) },
});
const recordAll = async (entries: readonly CycleEntry[]): Promise<string[]> => {
  const answers: string[] = [];
  for (const entry of entries) answers.push(await log.record(entry));
  return answers;
};
const readCyclesOf = async (cycle: number): Promise<readonly number[] | string> => {
  const kept = await log.read(cycle);
  return kept.kind === 'kept' ? kept.entries.map((entry) => entry.cycle) : kept.why;
};

describe('the log', () => {
  it('numbers cycles from 1, on from the last, also where only an attempt tells of one', async () => {
    expect(await log.next()).toBe(1);
    await log.record(keyed(41));
    expect(await log.next()).toBe(42);
  });

  it('gives back a cycle with the keyframe it stands on and all deltas between, value for value', async () => {
    await recordAll([keyed(1), anEntry(2, 1), keyed(3), anEntry(4, 3), anEntry(5, 3), anEntry(6, 3)]);
    expect(await log.read(5)).toEqual({
      kind: 'kept',
      keyframe: aState(3),
      entries: [
        { ...said(3), deltas: [] },
        { ...said(4), deltas: deltasOf(4) },
        { ...said(5), deltas: deltasOf(5) },
      ],
    });
    expect(await log.read(1)).toEqual({ kind: 'kept', keyframe: aState(1), entries: [{ ...said(1), deltas: [] }] });
  });

  it('says why a cycle cannot be replayed', async () => {
    expect(await readCyclesOf(1)).toBe('not-yet');
    await recordAll([keyed(4), anEntry(5, 4), keyed(7)]);
    expect(await Promise.all([3, 6, 8].map(readCyclesOf))).toEqual(['pruned', 'never-recorded', 'not-yet']);
    await system.query('update cycle_keyframe set format = format - 1 where cycle = 4');
    expect(await Promise.all([4, 5].map(readCyclesOf))).toEqual(['other-format', 'other-format']);
    expect(await readCyclesOf(7)).toEqual([7]);
    // As a version without keyframes of their own left it.
    await system.query('update cycle_record set keyframe_cycle = null, step = null where cycle = 7');
    expect(await readCyclesOf(7)).toBe('other-format');
  });

  it('keeps the stories of two leaders apart, gives a number both used to the later one, and joins no story across a hole', async () => {
    const answers = await recordAll([
      keyed(1),
      anEntry(2, 1),
      keyed(3, { epoch: 2 }),
      anEntry(3, 1),
      anEntry(4, 1),
      anEntry(4, 3, { epoch: 2, starts: 5 }),
      anEntry(5, 1),
      keyed(4, { epoch: 1 }),
    ]);
    expect(answers.map((it) => it === 'recorded')).toEqual([true, true, true, false, true, true, true, false]);
    const kept = await log.read(4);
    if (kept.kind !== 'kept') throw new Error(kept.why);
    expect(kept.entries.map((it) => [it.cycle, it.epoch, it.starts])).toEqual([[3, 2, 2], [4, 2, 5]]); // prettier-ignore
    expect(await readCyclesOf(2)).toEqual([1, 2]);
    expect(await readCyclesOf(5)).toBe('superseded');
  });

  it('takes no deltas that stand on a keyframe which is gone', async () => {
    expect(await log.record(anEntry(2, 1))).toBe('superseded');
    expect(await readCyclesOf(2)).toBe('not-yet');
  });
});

describe('of what is kept', () => {
  it('the log tells from where to where it can be replayed', async () => {
    expect(await log.range()).toBeNull();
    await recordAll([keyed(3), anEntry(4, 3), keyed(5, { epoch: 2 }), anEntry(6, 5, { epoch: 2 })]);
    expect(await log.range()).toEqual({ oldest: 3, newest: 6 });
    await system.query('update cycle_keyframe set format = format + 1 where cycle = 3');
    expect(await log.range()).toEqual({ oldest: 5, newest: 6 });
  });

  it('the log knows the newest cycle that started something, in a form that it reads', async () => {
    expect(await log.newestWithStarts()).toBeNull();
    await recordAll([keyed(1), anEntry(2, 1), keyed(3), anEntry(4, 3, { starts: 0 })]);
    expect(await log.newestWithStarts()).toBe(3);
    await system.query('update cycle_keyframe set format = format - 1 where cycle = 3');
    expect(await log.newestWithStarts()).toBe(2);
    await system.query(
      'update cycle_record set keyframe_cycle = null, step = null, deltas = null, deltas_sha256 = null',
    );
    expect(await log.newestWithStarts()).toBeNull();
  });

  it('the exporter is told when the oldest cycle that can be replayed was recorded', async () => {
    const metrics = new PostgresMetricsReader(system);
    expect(await metrics.oldestReplayable()).toBeNull();
    await recordAll([keyed(3), anEntry(4, 3), keyed(5), keyed(6)]);
    const at = new Date(t0).toISOString();
    await system.query("update cycle_record set at_wall = $1::timestamptz + cycle * interval '1 s'", [at]);
    expect(await metrics.oldestReplayable()).toEqual({ cycle: 3, atWallMs: t0 + 3_000 });
    await system.query('update cycle_keyframe set format = format + 1 where cycle = 3');
    expect(await metrics.oldestReplayable()).toEqual({ cycle: 5, atWallMs: t0 + 5_000 });
    // The number of the keyframe went to a later leader, whose own story begins elsewhere.
    await system.query('update cycle_record set epoch = 2, keyframe_cycle = null, step = null where cycle = 5');
    expect(await metrics.oldestReplayable()).toEqual({ cycle: 6, atWallMs: t0 + 6_000 });
  });
});

describe('a keyframe of several chunks', () => {
  const state = aState(1, 60);
  const chunks = packKeyframe(state, 100);
  const inChunks: CycleEntry = { ...said(1), state: { kind: 'keyframe', chunks } };

  it('is put together again in order, each row no larger than it may be', async () => {
    expect(chunks.length).toBeGreaterThan(3);
    await recordAll([inChunks, anEntry(2, 1)]);
    expect(await log.read(2)).toMatchObject({ kind: 'kept', keyframe: state });
    const { rows } = await system.query<{ longest: number; bytes: number }>(
      'select max(octet_length(c.bytes)) as longest, k.bytes from cycle_keyframe_chunk c join cycle_keyframe k using (cycle, epoch) group by k.bytes',
    );
    expect(rows).toEqual([{ longest: 100, bytes: chunks.reduce((sum, it) => sum + it.bytes.length, 0) }]);
  });

  it('whose writer dies between two chunks leaves nothing, and its number can be used', async () => {
    let chunk = 0;
    // The session ends as it does when the process behind it is killed: no rollback is sent, no commit either.
    const dying: Database = {
      ...system,
      transaction: (work) =>
        system.transaction(async (session) => {
          const { rows } = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
          const query: Session['query'] = async (sql, values) => {
            if (typeof sql !== 'string' && sql.name === 'cycle-chunk' && (chunk += 1) === 3)
              await system.query('select pg_terminate_backend($1, 5000)', [rows[0]?.pid]);
            return session.query(sql, values);
          };
          return work({ query });
        }),
    };
    await recordAll([keyed(1)]);
    await expect(new PostgresCycleLog(dying).record({ ...inChunks, cycle: 2 })).rejects.toThrow(/terminat/i);
    expect(chunk).toBe(3);
    expect(await readCyclesOf(2)).toBe('not-yet');
    const counted = 'select count(*) filter (where cycle = 2) as torn, count(*) as kept from cycle_keyframe_chunk';
    expect((await system.query(counted)).rows).toEqual([{ torn: 0, kept: 1 }]);
    expect(await log.record({ ...inChunks, cycle: 2 })).toBe('recorded');
    expect(await readCyclesOf(2)).toEqual([2]);
  });

  const faults: Record<string, { harm: string; want: RegExp }> = {
    'a chunk that is gone': {
      harm: 'delete from cycle_keyframe_chunk where number = 2',
      want: /^The keyframe of cycle 1 cannot be read \(chunk 2 of \d+ is missing\): /,
    },
    'the last chunk gone': {
      harm: 'delete from cycle_keyframe_chunk where number = (select max(number) from cycle_keyframe_chunk)',
      want: /^The keyframe of cycle 1 cannot be read \(chunk (\d+) of \1 is missing\): /,
    },
    'one byte of a chunk': {
      harm: 'update cycle_keyframe_chunk set bytes = set_byte(bytes, 50, get_byte(bytes, 50) # 1) where number = 3',
      want: /^The keyframe of cycle 1 cannot be read \(chunk 3 of \d+ changed since written: SHA-256 was [0-9a-f]{12}…, is [0-9a-f]{12}…\): /,
    },
    'one byte of the deltas': {
      harm: 'update cycle_record set deltas = set_byte(deltas, 12, get_byte(deltas, 12) # 1) where cycle = 2',
      want: /^The deltas of cycle 2 cannot be read \(they changed since written: SHA-256 was [0-9a-f]{12}…, is /,
    },
    'chunks that were never packed by us': {
      harm: `update cycle_keyframe_chunk set bytes = 'x', sha256 = encode(sha256('x'), 'hex')`,
      want: /^The keyframe of cycle 1 cannot be read \(incorrect header check\): /,
    },
    'deltas that were never packed by us': {
      harm: `update cycle_record set deltas = 'no gzip', deltas_sha256 = encode(sha256('no gzip'), 'hex') where cycle = 2`,
      want: /^The deltas of cycle 2 cannot be read \(incorrect header check\): .*replayed\. Nothing else depends on it/,
    },
  };
  it.each(Object.entries(faults))('%s: is told, and which it is', async (_sentence, { harm, want }) => {
    await recordAll([inChunks, anEntry(2, 1), anEntry(3, 1)]);
    await system.query(harm);
    await expect(log.read(3)).rejects.toThrow(want);
    await expect(log.read(3)).rejects.toBeInstanceOf(CycleRecordBroken);
  });

  it('and of deltas a row is never larger than a megabyte', async () => {
    const large = sealed(new Uint8Array(CHUNK_BYTES + 1));
    const entry = { ...said(2), state: { kind: 'deltas' as const, keyframeCycle: 1, step: 1, packed: large } };
    await recordAll([keyed(1)]);
    await expect(log.record(entry)).rejects.toThrow(/violates check constraint/);
    await expect(log.record({ ...said(2), state: { kind: 'keyframe', chunks: [large] } })).rejects.toThrow(/violates check constraint/); // prettier-ignore
    expect(await log.record({ ...entry, state: { ...entry.state, packed: sealed(new Uint8Array(CHUNK_BYTES)) } })).toBe('recorded'); // prettier-ignore
  });
});

describe('pruning', () => {
  const DAY_MS = 86_400_000;
  const now = t0 + 30 * DAY_MS;
  const ample = { days: 7, bytes: 1e9 };
  /** 1-2, 3-5, 6-7. */
  const stretches = [keyed(1), anEntry(2, 1), keyed(3), anEntry(4, 3), anEntry(5, 3), keyed(6), anEntry(7, 6)];
  const agedMs = (cycle: number, ms: number) =>
    system.query('update cycle_keyframe set newest_wall = $1::timestamptz where cycle = $2', [new Date(now - ms).toISOString(), cycle]); // prettier-ignore
  const kept = async () =>
    (await system.query<{ cycle: number }>('select cycle from cycle_record order by cycle')).rows.map((it) => it.cycle);

  it('of an empty log does nothing', async () => expect(await log.prune(ample)).toBeNull());

  it('keeps a stretch whose newest cycle is exactly seven days old, and drops it a millisecond later', async () => {
    await recordAll(stretches);
    for (const cycle of [1, 3]) await agedMs(cycle, 7 * DAY_MS);
    await agedMs(6, 0);
    expect(await log.prune(ample, now)).toBe(1);
    expect(await kept()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await log.prune(ample, now + 1)).toBe(6);
    expect(await kept()).toEqual([6, 7]);
    expect(await readCyclesOf(5)).toBe('pruned');
    expect((await system.query('select distinct cycle from cycle_keyframe_chunk')).rows).toEqual([{ cycle: 6 }]);
  });

  it('drops whole stretches only: a cycle that is young enough keeps the keyframe it stands on, which is not', async () => {
    await recordAll(stretches);
    await system.query(`update cycle_keyframe set at_wall = at_wall - interval '9 days' where cycle = 3`);
    await system.query(`update cycle_record set at_wall = at_wall - interval '9 days' where cycle < 5`);
    await system.query(`update cycle_keyframe set newest_wall = newest_wall - interval '9 days' where cycle = 1`);
    expect(await log.prune(ample)).toBe(3);
    expect(await readCyclesOf(5)).toEqual([3, 4, 5]);
  });

  it('keeps within its bytes, to the byte, and the newest stretch whatever it weighs', async () => {
    await recordAll(stretches);
    const { rows } = await system.query<{ bytes: number }>(
      'select sum(bytes + delta_bytes + cycles * 600)::int8 as bytes from cycle_keyframe where cycle >= 3',
    );
    const bytes = Number(rows[0]?.bytes);
    expect(await log.prune({ days: 7, bytes })).toBe(3);
    expect(await log.prune({ days: 7, bytes: bytes - 1 })).toBe(6);
    expect(await log.prune({ days: 0, bytes: 1 })).toBe(6);
    expect(await readCyclesOf(7)).toEqual([6, 7]);
  });

  it('knows what stands on a keyframe: bytes and cycles as they are stored', async () => {
    await recordAll(stretches);
    const { rows } = await system.query(
      `select k.cycle from cycle_keyframe k
       cross join lateral (select count(*) as cycles, coalesce(sum(octet_length(deltas)), 0) as bytes from cycle_record
         where (keyframe_cycle, epoch) = (k.cycle, k.epoch)) r
       cross join lateral (select count(*) as chunks, sum(octet_length(bytes)) as bytes from cycle_keyframe_chunk
         where (cycle, epoch) = (k.cycle, k.epoch)) c
       where (k.cycles, k.delta_bytes, k.chunks, k.bytes) <> (r.cycles, r.bytes, c.chunks, c.bytes)`,
    );
    expect(rows).toEqual([]);
  });

  it('goes through more than one transaction takes, and through what is left of another version', async () => {
    await recordAll(stretches);
    await system.query('update cycle_keyframe set cycles = 1999 where cycle < 6');
    await system.query(
      `insert into cycle_record (cycle, epoch, now_s, policy, plan_sha256, starts, considered, at_wall)
       select -n, 1, 0, '{}', 'x', 0, 0, clock_timestamp() - interval '8 days' from generate_series(1, 4500) n`,
    );
    expect(await log.prune({ days: 7, bytes: 1 })).toBe(6);
    expect(await kept()).toEqual([6, 7]);
  });

  it('beside a reader and a writer disturbs neither', async () => {
    await recordAll(stretches);
    const writes = Array.from({ length: 30 }, (_, index) => anEntry(8 + index, 6));
    const [answers] = await Promise.all([
      recordAll(writes),
      ...Array.from({ length: 10 }, () => log.prune({ days: 7, bytes: 1 })),
      ...Array.from({ length: 20 }, async () => expect([[1, 2], 'pruned']).toContainEqual(await readCyclesOf(2))),
    ]);
    expect(new Set(answers)).toEqual(new Set(['recorded']));
    expect(await readCyclesOf(37)).toHaveLength(32);
  });
});

describe('verdicts', () => {
  const aVerdict = (jobId: string, named: Partial<VerdictToStore> = {}): VerdictToStore => ({
    jobId, refusal: 'no-free-nodes', estimatedStart: t0 + 60_000, basis: 'reservation', poolId: null,
    evidence: { nodesConsidered: 4, filteredBy: { 'stack-mismatch': 2 }, best: null, ahead: 0 }, ...named,
  }); // prettier-ignore
  const stored = async (jobId: string) =>
    (await system.query('select refusal, cycle, decided_at from job_verdict where job_id = $1', [jobId])).rows;

  it('are stored for jobs that wait, replaced by later ones, and left alone when they say the same', async () => {
    const job = aNewJob();
    await new PostgresBulkSubmit(system).submitAll([job]);
    await log.storeVerdicts(1, t0, [aVerdict(job.id), aVerdict(aUuid())]);
    await log.storeVerdicts(2, t0 + 1000, [aVerdict(job.id)]);
    expect(await stored(job.id)).toEqual([{ refusal: 'no-free-nodes', cycle: 1, decided_at: t0 }]);
    await log.storeVerdicts(3, t0 + 2000, [aVerdict(job.id, { refusal: 'behind-reservation' })]);
    await log.storeVerdicts(2, t0 + 3000, [aVerdict(job.id, { refusal: 'engine-unreachable' })]); // of an earlier cycle, late
    expect(await stored(job.id)).toEqual([{ refusal: 'behind-reservation', cycle: 3, decided_at: t0 + 2000 }]);
    expect((await system.query('select 1 from job_verdict')).rowCount).toBe(1);
  });

  it('written while jobs are being cancelled never outlive the wait', async () => {
    const jobs = Array.from({ length: 60 }, () => aNewJob());
    await new PostgresBulkSubmit(system).submitAll(jobs);
    const store = new PostgresJobStore(app);
    await Promise.all([
      ...jobs.map((job) => store.cancel(tenantKey('blue'), job.id, t0)),
      ...[4, 5, 6, 7].map((cycle) => log.storeVerdicts(cycle, t0, jobs.map((job) => aVerdict(job.id, { estimatedStart: t0 + cycle })))), // prettier-ignore
    ]);
    const { rows } = await system.query(
      `select 1 from job_verdict v join job j on j.id = v.job_id where j.state <> 'queued'`,
    );
    expect(rows).toEqual([]);
  });
});
