import type { Instant } from '#libs/domain';
import { statement, timestamptz, type Database } from './database.js';

/** Cycles dropped in one transaction, unless a single keyframe bears more: nobody waits long, and vacuum keeps pace. */
const CYCLES_AT_ONCE = 2_000;
/** What a cycle takes beside its packed deltas: row, index entries, what TOAST adds. Measured: 434 at 100,000 cycles of 1.5 kB, more when few. */
const ROW_BYTES = 600;

// One row a keyframe is read, none of what stands on it: 100,000 cycles are about 500 rows. The newest keyframe is never chosen.
const outgrown = statement(
  'cycle-outgrown',
  `with sized as (
     select cycle, epoch, cycles, newest_wall, row_number() over newest_first as place,
       sum(bytes + delta_bytes + cycles::bigint * ${ROW_BYTES}) over newest_first as kept
     from cycle_keyframe window newest_first as (order by cycle desc, epoch desc)
   )
   select cycle, epoch, cycles from sized
   where place > 1 and (kept > $2::bigint
     or newest_wall < coalesce($3::timestamptz, clock_timestamp()) - $1::float8 * interval '1 day')
   order by cycle, epoch`,
);
interface Stretch {
  readonly cycle: number;
  readonly epoch: number;
  readonly cycles: number;
}

const theseStretches = '(select * from unnest($1::bigint[], $2::bigint[]))';
const dropRecords = statement(
  'cycle-drop-records',
  `delete from cycle_record where (keyframe_cycle, epoch) in ${theseStretches}`,
);
const dropKeyframes = statement(
  'cycle-drop-keyframes',
  `delete from cycle_keyframe where (cycle, epoch) in ${theseStretches}`,
);

// Of before keyframes had rows of their own: nothing stands on them, and they cannot be replayed.
const dropUnkeyed = statement(
  'cycle-drop-unkeyed',
  `delete from cycle_record where cycle in (
     select cycle from cycle_record where keyframe_cycle is null and cycle < (select max(cycle) from cycle_record)
       and at_wall < coalesce($2::timestamptz, clock_timestamp()) - $1::float8 * interval '1 day' limit ${CYCLES_AT_ONCE})`,
);

/** Drops what does not fit, oldest first, each keyframe together with all that stands on it. */
export async function pruneCycles(
  database: Database,
  keep: { readonly days: number; readonly bytes: number; readonly now: Instant | null },
): Promise<void> {
  const now = timestamptz(keep.now);
  while ((await database.query(dropUnkeyed, [keep.days, now])).rowCount === CYCLES_AT_ONCE);
  const { rows } = await database.query<Stretch & Record<string, unknown>>(outgrown, [keep.days, keep.bytes, now]);
  for (const batch of batchesOf(rows)) {
    const stretches = [batch.map(({ cycle }) => cycle), batch.map(({ epoch }) => epoch)];
    await database.transaction(async (session) => {
      await session.query(dropRecords, stretches);
      await session.query(dropKeyframes, stretches);
    });
  }
}

function* batchesOf(stretches: readonly Stretch[]): Generator<readonly Stretch[]> {
  let batch: Stretch[] = [];
  let cycles = 0;
  for (const stretch of stretches) {
    if (batch.length > 0 && cycles + stretch.cycles > CYCLES_AT_ONCE) {
      yield batch;
      batch = [];
      cycles = 0;
    }
    batch.push(stretch);
    cycles += stretch.cycles;
  }
  if (batch.length > 0) yield batch;
}
