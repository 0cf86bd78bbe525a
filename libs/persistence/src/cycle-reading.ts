import {
  CycleRecordBroken,
  type CycleLoss,
  type KeptCycle,
  type KeptCycles,
  STATE_FORMAT,
  type ServicePolicy,
  sealed,
  unpackDeltas,
  unpackKeyframe,
} from '#libs/application';
import type { Instant } from '#libs/domain';
import { statement, type Database, type Session } from './database.js';

const findCycle = statement(
  'cycle-find',
  `select w.exists, coalesce(r.epoch, 0) as epoch, r.step, r.keyframe_cycle, k.format, coalesce(k.chunks, 0) as chunks,
     (select min(cycle) from cycle_record) as oldest, (select max(cycle) from cycle_record) as newest
   from (select exists (select from cycle_record where cycle = $1)) w left join cycle_record r on r.cycle = $1
   left join cycle_keyframe k on (k.cycle, k.epoch) = (r.keyframe_cycle, r.epoch)`,
);
interface Found {
  readonly exists: boolean;
  readonly epoch: number;
  readonly step: number | null;
  readonly keyframe_cycle: number | null;
  readonly format: number | null;
  readonly chunks: number;
  readonly oldest: number | null;
  readonly newest: number | null;
}

const readStretch = statement(
  'cycle-read',
  `select r.cycle, r.epoch, r.now_s, coalesce(r.policy_sha256, '') as policy_sha256, coalesce(p.name, '') as policy_name,
     coalesce(p.body, jsonb_build_object('planning', r.policy, 'latencyStaleSeconds', 86400)) as policy_body, r.step, r.deltas, r.deltas_sha256,
     r.plan_sha256, r.starts, r.preemptions, r.considered
   from cycle_record r left join policy p on p.sha256 = r.policy_sha256
   where r.keyframe_cycle = $1 and r.epoch = $2 and r.step <= $3 order by r.step`,
);
interface RecordRow {
  readonly cycle: number;
  readonly epoch: number;
  readonly now_s: number;
  readonly policy_sha256: string;
  readonly policy_name: string;
  readonly policy_body: Omit<ServicePolicy, 'name'>;
  readonly step: number;
  readonly deltas: Uint8Array | null;
  readonly deltas_sha256: string | null;
  readonly plan_sha256: string;
  readonly starts: number;
  readonly preemptions: number;
  readonly considered: number;
}

const readChunks = statement(
  'cycle-chunks',
  'select number, sha256, bytes from cycle_keyframe_chunk where cycle = $1 and epoch = $2 order by number',
);
interface ChunkRow {
  readonly number: number;
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

type Sought<Row> = Row & Record<string, unknown>;
type NotKept = { readonly kind: 'not-kept'; readonly why: CycleLoss };

/** A cycle with all that its replay needs, as of one moment: pruning goes on beside it. @throws CycleRecordBroken */
export function readCycles(database: Database, cycle: number): Promise<KeptCycles | NotKept> {
  return database.transaction(async (session) => {
    await session.query('set transaction isolation level repeatable read, read only');
    const [found] = (await session.query<Sought<Found>>(findCycle, [cycle])).rows;
    const loss = found ? lossOf(found, cycle) : 'not-yet';
    if (!found || loss) return { kind: 'not-kept', why: loss ?? 'not-yet' };
    const base = [found.keyframe_cycle, found.epoch] as const;
    const { rows } = await session.query<Sought<RecordRow>>(readStretch, [...base, found.step]);
    const deltas = rows.filter((row) => row.step > 0);
    if (deltas.length !== found.step) return { kind: 'not-kept', why: 'superseded' };
    const keyframe = await keyframeOf(session, found.keyframe_cycle ?? 0, found);
    return { kind: 'kept', keyframe, entries: rows.map(keptCycle) };
  });
}

function lossOf(found: Found, cycle: number): CycleLoss | null {
  if (!found.exists) {
    if (found.newest === null || cycle > found.newest) return 'not-yet';
    return cycle < (found.oldest ?? 0) ? 'pruned' : 'never-recorded';
  }
  return found.format === STATE_FORMAT ? null : 'other-format';
}

async function keyframeOf(session: Session, cycle: number, { epoch, chunks }: Found) {
  const { rows } = await session.query<Sought<ChunkRow>>(readChunks, [cycle, epoch]);
  for (let number = 1; number <= chunks; number += 1) {
    const chunk = rows.find((row) => row.number === number);
    const name = `chunk ${number} of ${chunks}`;
    if (!chunk) throw new CycleRecordBroken(cycle, 'keyframe', `${name} is missing`);
    expectUnchanged(chunk, (why) => new CycleRecordBroken(cycle, 'keyframe', `${name} ${why}`));
  }
  const bytes = rows.map((row) => row.bytes);
  return readable(() => unpackKeyframe(bytes), (why) => new CycleRecordBroken(cycle, 'keyframe', why)); // prettier-ignore
}

function keptCycle(row: RecordRow): KeptCycle {
  const broken = (why: string): CycleRecordBroken => new CycleRecordBroken(row.cycle, 'deltas', why);
  const { deltas, deltas_sha256: sha256 } = row;
  if (deltas && sha256 !== null) expectUnchanged({ bytes: deltas, sha256 }, (why) => broken(`they ${why}`));
  return {
    cycle: row.cycle,
    epoch: row.epoch,
    nowSeconds: row.now_s,
    policy: { sha256: row.policy_sha256, name: row.policy_name, ...row.policy_body },
    deltas: deltas ? readable(() => unpackDeltas(deltas), broken) : [],
    planSha256: row.plan_sha256,
    starts: row.starts,
    preemptions: row.preemptions,
    considered: row.considered,
  };
}

function expectUnchanged(
  chunk: { readonly bytes: Uint8Array; readonly sha256: string },
  fault: (why: string) => Error,
): void {
  const { sha256 } = sealed(chunk.bytes);
  if (sha256 === chunk.sha256) return;
  throw fault(`changed since written: SHA-256 was ${chunk.sha256.slice(0, 12)}…, is ${sha256.slice(0, 12)}…`);
}

function readable<T>(read: () => T, fault: (why: string) => Error): T {
  try {
    return read();
  } catch (error) {
    throw fault((error as Error).message);
  }
}

// A keyframe whose own cycle a later leader has overwritten does not count: its number tells another story.
const oldest = statement(
  'cycle-oldest',
  `select r.cycle, r.at_wall as "atWallMs" from cycle_keyframe k join cycle_record r on (r.cycle, r.epoch) = (k.cycle, k.epoch)
   where k.format = $1 order by k.cycle limit 1`,
);

/** The oldest cycle that can be replayed, and when it was recorded, in wall time. */
export async function oldestReplayable(
  session: Session,
): Promise<{ readonly cycle: number; readonly atWallMs: Instant } | null> {
  const { rows } = await session.query<{ cycle: number; atWallMs: Instant }>(oldest, [STATE_FORMAT]);
  return rows[0] ?? null;
}
