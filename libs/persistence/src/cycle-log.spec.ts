import { type CycleEntry, type VerdictToStore, defaultServicePolicy } from '#libs/application';
import type { Snapshot } from '#libs/scheduling';
import { type FreshDatabase, aNewJob, aTenant, aUuid, freshDatabase, insertRows, tenantKey } from '#libs/testing';
import { PostgresBulkSubmit } from './bulk-submit.js';
import { PostgresCycleLog } from './cycle-log.js';
import { openDatabase, type Database } from './database.js';
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
beforeEach(() => system.query('delete from cycle_record'));
afterAll(async () => {
  await system?.close();
  await app?.close();
  await fresh?.drop();
});

const aKeyframe = (now: number): Snapshot => ({
  now, pools: [], groups: [], nodeStates: [], windows: [], tenants: [{ id: '鄂州', parentId: null, weight: 1, usage: 0.1 + 0.2 }], running: [],
  queued: [], outlooks: [],
}); // prettier-ignore
const aPolicy = { ...defaultServicePolicy, sha256: 'policy-1' };
const anEntry = (cycle: number, named: Partial<CycleEntry> = {}): CycleEntry => ({
  cycle, epoch: 1, nowSeconds: t0 / 1000 + cycle, policy: aPolicy, keyframe: null,
  deltas: [{ kind: 'job-withdrawn', jobId: `job-${cycle}` }], planSha256: `sha-${cycle}`, starts: 2, considered: 9, ...named,
}); // prettier-ignore
const keyed = (cycle: number, named: Partial<CycleEntry> = {}) =>
  anEntry(cycle, { keyframe: aKeyframe(cycle), deltas: [], ...named });

describe('the log', () => {
  it('numbers cycles from 1, on from the last, also where only an attempt tells of one', async () => {
    expect(await log.next()).toBe(1);
    await log.record(keyed(41));
    expect(await log.next()).toBe(42);
  });

  it('gives back a cycle with the keyframe it stands on and all deltas between, value for value', async () => {
    const entries = [keyed(1), anEntry(2), keyed(3), anEntry(4), anEntry(6), anEntry(7)];
    for (const entry of entries) await log.record(entry);
    expect(await log.read(6)).toEqual({ keyframe: aKeyframe(3), entries: [keyed(3), anEntry(4), anEntry(6)] });
    expect(await log.read(1)).toEqual({ keyframe: aKeyframe(1), entries: [keyed(1)] });
    expect(await log.read(5)).toBeNull();
  });

  it('keeps the stories of two leaders apart, and gives a number both used to the later one', async () => {
    for (const entry of [
      keyed(1),
      anEntry(2),
      keyed(3, { epoch: 2 }),
      anEntry(4),
      anEntry(4, { epoch: 2, starts: 5 }),
      anEntry(4),
      anEntry(5),
    ])
      await log.record(entry);
    expect((await log.read(4))?.entries.map((entry) => [entry.cycle, entry.epoch, entry.starts])).toEqual([[3, 2, 2], [4, 2, 5]]); // prettier-ignore
    expect((await log.read(5))?.entries.map((entry) => entry.cycle)).toEqual([1, 2, 5]);
  });

  it('tells which record is broken, and what is wrong with it', async () => {
    for (const entry of [keyed(1), anEntry(2), anEntry(3)]) await log.record(entry);
    await system.query(`update cycle_record set deltas = 'torn'::bytea where cycle = 2`);
    await expect(log.read(3)).rejects.toThrow(/^The deltas of cycle 2 cannot be read \(incorrect header check\): /);
    expect((await log.read(1))?.entries).toHaveLength(1);
    await system.query(`update cycle_record set keyframe = substring(keyframe for 20) where cycle = 1`);
    await expect(log.read(1)).rejects.toThrow(/^The keyframe of cycle 1 cannot be read \(unexpected end of file\): /);
  });

  it('tells from where to where it can be replayed: from the first keyframe of a leader on', async () => {
    expect(await log.range()).toBeNull();
    for (const entry of [anEntry(1), anEntry(2)]) await log.record(entry);
    expect(await log.range()).toBeNull();
    for (const entry of [keyed(3), anEntry(4), anEntry(5, { epoch: 2 })]) await log.record(entry);
    expect(await log.range()).toEqual({ oldest: 3, newest: 4 });
  });

  it('prunes whole stretches only, so that what is kept can be replayed', async () => {
    const ample = { days: 7, bytes: 1e9 };
    expect(await log.prune(ample)).toBeNull();
    for (const entry of [keyed(1), anEntry(2), keyed(3), anEntry(4), anEntry(5), keyed(6), anEntry(7)])
      await log.record(entry);
    expect(await log.prune(ample)).toBe(1);
    // Cycle 5 is young enough and stands on the keyframe of 3, which is not.
    await system.query(`update cycle_record set at_wall = at_wall - interval '8 days' where cycle <= 4`);
    expect(await log.prune(ample)).toBe(3);
    expect(await log.read(2)).toBeNull();
    expect((await log.read(5))?.entries.map((entry) => entry.cycle)).toEqual([3, 4, 5]);
  });

  it('keeps within its bytes, to the byte, and the newest stretch whatever it weighs', async () => {
    for (const entry of [keyed(1), anEntry(2), keyed(3), anEntry(4), keyed(6), anEntry(7)]) await log.record(entry);
    const { rows } = await system.query<{ bytes: number }>(
      'select sum(octet_length(deltas) + coalesce(octet_length(keyframe), 0)) as bytes from cycle_record where cycle >= 3',
    );
    const bytes = Number(rows[0]?.bytes);
    expect(await log.prune({ days: 7, bytes })).toBe(3);
    expect(await log.prune({ days: 7, bytes: bytes - 1 })).toBe(6);
    expect(await log.prune({ days: 0, bytes: 1 })).toBe(6);
    expect((await log.read(7))?.entries.map((entry) => entry.cycle)).toEqual([6, 7]);
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
