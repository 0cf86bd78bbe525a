import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import {
  CycleRecordBroken,
  type CycleEntry,
  type CycleLog,
  type ServicePolicy,
  type VerdictToStore,
} from '#libs/application';
import type { Instant } from '#libs/domain';
import { encodeCanonical, type Delta, type Snapshot } from '#libs/scheduling';
import { statement, timestamptz, type Database } from './database.js';
import { importPolicy, policyBody } from './policy-store.js';

const pack = async (value: unknown): Promise<Buffer> => promisify(gzip)(encodeCanonical(value), { level: 1 });
async function unpack(packed: Uint8Array, cycle: number, part: CycleRecordBroken['part']): Promise<unknown> {
  try {
    return JSON.parse((await promisify(gunzip)(packed)).toString());
  } catch (error) {
    throw new CycleRecordBroken(cycle, part, (error as Error).message);
  }
}

// Attempts count too: a leader that died between its commit and its record must not have its number given out again.
const nextCycle =
  'select greatest((select max(cycle) from cycle_record), (select max(cycle) from attempt), 0) + 1 as cycle';

// A number that two leaders used belongs to the later one; the earlier was fenced or is about to be.
const insertRecord = statement(
  'cycle-record',
  `insert into cycle_record (cycle, epoch, now_s, policy_sha256, keyframe, deltas, plan_sha256, starts, considered)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
   on conflict (cycle) do update set epoch = excluded.epoch, now_s = excluded.now_s, policy = null, policy_sha256 = excluded.policy_sha256,
     keyframe = excluded.keyframe, deltas = excluded.deltas, plan_sha256 = excluded.plan_sha256, starts = excluded.starts,
     considered = excluded.considered, at_wall = clock_timestamp()
   where cycle_record.epoch < excluded.epoch`,
);

// One leader's cycles follow from one another; those of another epoch in between are another story.
const readStretch = statement(
  'cycle-read',
  `with wanted as (select cycle, epoch from cycle_record where cycle = $1),
   base as (
     select max(r.cycle) as cycle from cycle_record r join wanted w on r.epoch = w.epoch
     where r.cycle <= w.cycle and r.keyframe is not null
   )
   select r.cycle, r.epoch, r.now_s, coalesce(r.policy_sha256, '') as policy_sha256, coalesce(p.name, '') as policy_name,
     coalesce(p.body, jsonb_build_object('planning', r.policy, 'latencyStaleSeconds', 86400)) as policy_body, r.deltas, r.plan_sha256, r.starts, r.considered,
     case when r.cycle = base.cycle then r.keyframe end as keyframe
   from cycle_record r left join policy p on p.sha256 = r.policy_sha256, wanted w, base where r.epoch = w.epoch and r.cycle between base.cycle and w.cycle order by r.cycle`,
);
interface RecordRow {
  readonly cycle: number;
  readonly epoch: number;
  readonly now_s: number;
  readonly policy_sha256: string;
  readonly policy_name: string;
  readonly policy_body: Omit<ServicePolicy, 'name'>;
  readonly keyframe: Uint8Array | null;
  readonly deltas: Uint8Array;
  readonly plan_sha256: string;
  readonly starts: number;
  readonly considered: number;
}

// Whole stretches go, so that what is left can be replayed: those that do not fit into $2 bytes, newest first, and those that
// ended more than $1 days ago. The newest stretch stays, whatever it weighs.
const pruneRecords = `
  with sized as (
    select cycle, at_wall, keyframe is not null as is_keyframe,
      sum(octet_length(deltas) + coalesce(octet_length(keyframe), 0)) over (order by cycle desc) as bytes
    from cycle_record
  ), cut as (
    select greatest(
      coalesce(min(cycle) filter (where is_keyframe and bytes <= $2::bigint), max(cycle) filter (where is_keyframe), 0),
      coalesce(max(cycle) filter (where is_keyframe and at_wall <= (select clock_timestamp() - $1::float8 * interval '1 day')), 0)
    ) as cycle from sized
  ), gone as (delete from cycle_record where cycle < (select cycle from cut))
  select min(r.cycle) as oldest from cycle_record r, cut where r.keyframe is not null and r.cycle >= cut.cycle`;

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
      'select cycle from cycle_record where starts > 0 order by cycle desc limit 1',
    );
    return rows[0]?.cycle ?? null;
  }

  /** The oldest and the newest cycle that can be replayed; null while there is none. */
  async range(): Promise<{ readonly oldest: number; readonly newest: number } | null> {
    const { rows } = await this.database.query<{ oldest: number | null; newest: number }>(
      `select min(r.cycle) as oldest, max(r.cycle) as newest from cycle_record r
       where exists (select from cycle_record k where k.epoch = r.epoch and k.cycle <= r.cycle and k.keyframe is not null)`,
    );
    const { oldest, newest } = rows[0] ?? { oldest: null, newest: 0 };
    return oldest === null ? null : { oldest, newest };
  }

  async beat(epoch: number): Promise<void> {
    await this.database.query(beat, [epoch]);
  }

  async record(entry: CycleEntry): Promise<void> {
    const { policy } = entry;
    if (!this.imported.has(policy.sha256)) {
      const firstUsed = timestamptz(entry.nowSeconds * 1000);
      await this.database.query(importPolicy, [policy.sha256, policy.name, policyBody(policy), firstUsed, 'scheduler']);
      this.imported.add(policy.sha256);
    }
    const keyframe = entry.keyframe === null ? null : await pack(entry.keyframe);
    await this.database.query(insertRecord, [
      entry.cycle, entry.epoch, entry.nowSeconds, policy.sha256, keyframe, await pack(entry.deltas),
      entry.planSha256, entry.starts, entry.considered,
    ]); // prettier-ignore
  }

  async read(cycle: number): Promise<{ readonly keyframe: Snapshot; readonly entries: readonly CycleEntry[] } | null> {
    const { rows } = await this.database.query<RecordRow & Record<string, unknown>>(readStretch, [cycle]);
    const packed = rows[0]?.keyframe;
    if (!packed) return null;
    // Both were written by `record`, from these very types.
    const keyframe = (await unpack(packed, rows[0]!.cycle, 'keyframe')) as Snapshot;
    const entries = await Promise.all(rows.map((row, index) => entryOf(row, index === 0 ? keyframe : null)));
    return { keyframe, entries };
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

  async prune(keep: Parameters<CycleLog['prune']>[0]): Promise<number | null> {
    return this.database.transaction(async (session) => {
      const { rows } = await session.query<{ oldest: number | null }>(pruneRecords, [keep.days, keep.bytes]);
      return rows[0]?.oldest ?? null;
    });
  }
}

const entryOf = async (row: RecordRow, keyframe: Snapshot | null): Promise<CycleEntry> => ({
  cycle: row.cycle,
  epoch: row.epoch,
  nowSeconds: row.now_s,
  policy: { sha256: row.policy_sha256, name: row.policy_name, ...row.policy_body },
  keyframe,
  deltas: (await unpack(row.deltas, row.cycle, 'deltas')) as readonly Delta[],
  planSha256: row.plan_sha256,
  starts: row.starts,
  considered: row.considered,
});
