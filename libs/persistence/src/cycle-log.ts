import {
  type Chunk,
  type CycleEntry,
  type CycleLog,
  type CycleLoss,
  type KeptCycles,
  STATE_FORMAT,
  type VerdictToStore,
} from '#libs/application';
import type { Instant } from '#libs/domain';
import { pruneCycles } from './cycle-pruning.js';
import { oldestReplayable, readCycles } from './cycle-reading.js';
import { statement, timestamptz, type Database, type Session } from './database.js';
import { importPolicy, policyBody } from './policy-store.js';

// Attempts count too: a leader that died between its commit and its record must not have its number given out again.
const nextCycle =
  'select greatest((select max(cycle) from cycle_record), (select max(cycle) from attempt), 0) + 1 as cycle';

const columns = `cycle, epoch, now_s, policy_sha256, plan_sha256, starts, preemptions, considered, keyframe_cycle, step, deltas, deltas_sha256`;
// A number that two leaders used belongs to the later one; the earlier was fenced or is about to be.
const unlessLater = `on conflict (cycle) do update set epoch = excluded.epoch, now_s = excluded.now_s, policy = null,
  policy_sha256 = excluded.policy_sha256, plan_sha256 = excluded.plan_sha256, starts = excluded.starts, preemptions = excluded.preemptions,
  considered = excluded.considered, keyframe_cycle = excluded.keyframe_cycle, step = excluded.step, deltas = excluded.deltas,
  deltas_sha256 = excluded.deltas_sha256, at_wall = excluded.at_wall
  where cycle_record.epoch < excluded.epoch returning cycle`;
const insertKeyframe = statement(
  'cycle-keyframe',
  'insert into cycle_keyframe (cycle, epoch, format, chunks, bytes) values ($1, $2, $3, $4, $5) on conflict do nothing',
);
const insertChunk = statement(
  'cycle-chunk',
  'insert into cycle_keyframe_chunk (cycle, epoch, number, sha256, bytes) values ($1, $2, $3, $4, $5)',
);
const insertKeyed = statement(
  'cycle-record-keyed',
  `insert into cycle_record (${columns}) values ($1, $2, $3, $4, $5, $6, $7, $8, $1, 0, null, null) ${unlessLater}`,
);
// The keyframe tells what stands on it, so that pruning and the list need not add it up.
const insertDeltas = statement(
  'cycle-record-deltas',
  `with base as (
     update cycle_keyframe set cycles = cycles + 1, delta_bytes = delta_bytes + octet_length($11::bytea), newest_wall = clock_timestamp()
     where cycle = $9 and epoch = $2 returning cycle
   )
   insert into cycle_record (${columns})
   select $1::bigint, $2::bigint, $3::bigint, $4::text, $5::text, $6::int, $7::int, $8::int, base.cycle, $10::int, $11::bytea, $12::text
   from base ${unlessLater}`,
);

// A verdict is written only where the job still waits, which the share lock keeps true until commit: whoever moves the job
// deletes its verdict, and would otherwise miss one that is being written.
const upsertVerdicts = statement(
  'cycle-verdicts',
  `with said as (
    select * from json_to_recordset($1::json) as v(
      job_id uuid, refusal text, estimated_start timestamptz, basis text, pool_id text, evidence jsonb)
  ), news as (
    select s.* from said s left join job_verdict v on v.job_id = s.job_id
    where v.job_id is null or (v.refusal, v.estimated_start, v.basis, v.pool_id, v.evidence)
      is distinct from (s.refusal, s.estimated_start, s.basis, s.pool_id, s.evidence)
  ), waiting as (
    select id, tenant_id from job where state = 'queued' and id in (select job_id from news) order by id for share
  )
  insert into job_verdict (job_id, tenant_id, refusal, estimated_start, basis, pool_id, evidence, cycle, decided_at)
  select w.id, w.tenant_id, n.refusal, n.estimated_start, n.basis, n.pool_id, n.evidence, $2::bigint, $3::timestamptz
  from waiting w join news n on n.job_id = w.id order by w.id
  on conflict (job_id) do update set refusal = excluded.refusal, estimated_start = excluded.estimated_start,
    basis = excluded.basis, pool_id = excluded.pool_id, evidence = excluded.evidence, cycle = excluded.cycle,
    decided_at = excluded.decided_at
  where job_verdict.cycle <= excluded.cycle`,
);

const beat = statement(
  'cycle-beat',
  `update lease set cycled_wall = clock_timestamp() where name = 'scheduler' and epoch = $1`,
);

/** What each cycle saw and decided, to be replayed. Takes a database opened as chusuan_system. */
export class PostgresCycleLog implements CycleLog {
  private readonly imported = new Set<string>();

  constructor(private readonly database: Database) {}

  async next(): Promise<number> {
    const { rows } = await this.database.query<{ cycle: number }>(nextCycle);
    return rows[0]?.cycle ?? 1;
  }

  async newestWithStarts(): Promise<number | null> {
    const { rows } = await this.database.query<{ cycle: number }>(
      `select r.cycle from cycle_record r join cycle_keyframe k on (k.cycle, k.epoch) = (r.keyframe_cycle, r.epoch)
       where r.starts > 0 and k.format = $1 order by r.cycle desc limit 1`,
      [STATE_FORMAT],
    );
    return rows[0]?.cycle ?? null;
  }

  /** The oldest and the newest cycle that can be replayed; null while there is none. */
  async range(): Promise<{ readonly oldest: number; readonly newest: number } | null> {
    const oldest = await oldestReplayable(this.database);
    if (oldest === null) return null;
    const { rows } = await this.database.query<{ newest: number }>(
      `select r.cycle as newest from cycle_record r join cycle_keyframe k on (k.cycle, k.epoch) = (r.keyframe_cycle, r.epoch)
       where k.format = $1 order by r.cycle desc limit 1`,
      [STATE_FORMAT],
    );
    return { oldest: oldest.cycle, newest: rows[0]?.newest ?? oldest.cycle };
  }

  async beat(epoch: number): Promise<void> {
    await this.database.query(beat, [epoch]);
  }

  async record(entry: CycleEntry): Promise<'recorded' | 'superseded'> {
    await this.importPolicy(entry);
    const { state } = entry;
    if (state.kind === 'keyframe') return this.recordKeyframe(entry, state.chunks);
    const { rowCount } = await this.database.query(insertDeltas, [
      ...saidBy(entry), state.keyframeCycle, state.step, state.packed.bytes, state.packed.sha256,
    ]); // prettier-ignore
    return rowCount === 1 ? 'recorded' : 'superseded';
  }

  read(cycle: number): Promise<KeptCycles | { readonly kind: 'not-kept'; readonly why: CycleLoss }> {
    return readCycles(this.database, cycle);
  }

  /** Verdicts that say what is stored already are not written again; `cycle` and `decidedAt` stay those of the first time. */
  async storeVerdicts(cycle: number, now: Instant, verdicts: readonly VerdictToStore[]): Promise<void> {
    if (verdicts.length === 0) return;
    const last = new Map(verdicts.map((verdict) => [verdict.jobId, verdict]));
    const records = [...last.values()].map((verdict) => ({
      job_id: verdict.jobId,
      refusal: verdict.refusal,
      estimated_start: timestamptz(verdict.estimatedStart),
      basis: verdict.basis,
      pool_id: verdict.poolId,
      evidence: verdict.evidence,
    }));
    await this.database.query(upsertVerdicts, [JSON.stringify(records), cycle, timestamptz(now)]);
  }

  /** In short transactions of whole stretches, oldest first; `now` is of the database's wall clock unless a test says otherwise. */
  async prune(keep: Parameters<CycleLog['prune']>[0], now?: Instant): Promise<number | null> {
    await pruneCycles(this.database, { ...keep, now: now ?? null });
    return (await oldestReplayable(this.database))?.cycle ?? null;
  }

  /** One transaction: a keyframe that is seen at all has every chunk, whenever its writer dies. */
  private async recordKeyframe(entry: CycleEntry, chunks: readonly Chunk[]): Promise<'recorded' | 'superseded'> {
    const superseded = new Error('superseded');
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0);
    try {
      await this.database.transaction(async (session: Session) => {
        await session.query(insertKeyframe, [entry.cycle, entry.epoch, STATE_FORMAT, chunks.length, bytes]);
        if ((await session.query(insertKeyed, saidBy(entry))).rowCount === 0) throw superseded;
        for (const [index, chunk] of chunks.entries())
          await session.query(insertChunk, [entry.cycle, entry.epoch, index + 1, chunk.sha256, chunk.bytes]);
      });
      return 'recorded';
    } catch (error) {
      if (error === superseded) return 'superseded';
      throw error;
    }
  }

  private async importPolicy({ policy, nowSeconds }: CycleEntry): Promise<void> {
    if (this.imported.has(policy.sha256)) return;
    const firstUsed = timestamptz(nowSeconds * 1000);
    await this.database.query(importPolicy, [policy.sha256, policy.name, policyBody(policy), firstUsed, 'scheduler']);
    this.imported.add(policy.sha256);
  }
}

const saidBy = (entry: CycleEntry): unknown[] => [
  entry.cycle, entry.epoch, entry.nowSeconds, entry.policy.sha256, entry.planSha256, entry.starts, entry.preemptions, entry.considered,
]; // prettier-ignore
