import { type CycleReader, type CycleView, type Page, STATE_FORMAT } from '#libs/application';
import type { Instant } from '#libs/domain';
import { statement, type Database } from './database.js';

// A cycle is whole when every step from its keyframe to it is there: a leader that took over may have overwritten some.
const listCycles = statement(
  'cycle-list',
  `select r.cycle, r.epoch, r.now_s, r.at_wall, r.policy_sha256, p.name as policy_name, r.plan_sha256, r.starts, r.preemptions, r.considered,
     r.step, coalesce(octet_length(r.deltas), case when r.step = 0 then k.bytes end, 0)::int8 as bytes, k.format,
     (select count(*) from cycle_record s where s.keyframe_cycle = r.keyframe_cycle and s.epoch = r.epoch and s.step between 1 and r.step) as steps
   from (
     select cycle, epoch, now_s, at_wall, policy_sha256, plan_sha256, starts, preemptions, considered, keyframe_cycle, step, deltas
     from cycle_record where $1::bigint is null or cycle < $1 order by cycle desc limit $2
   ) r
   left join cycle_keyframe k on (k.cycle, k.epoch) = (r.keyframe_cycle, r.epoch) left join policy p on p.sha256 = r.policy_sha256
   order by r.cycle desc`,
);
interface ListedRow {
  readonly cycle: number;
  readonly epoch: number;
  readonly now_s: number;
  readonly at_wall: Instant;
  readonly policy_sha256: string | null;
  readonly policy_name: string | null;
  readonly plan_sha256: string;
  readonly starts: number;
  readonly preemptions: number;
  readonly considered: number;
  readonly step: number | null;
  readonly bytes: number;
  readonly format: number | null;
  readonly steps: number;
}

/** Cycles that are kept, newest first. Takes a database opened as chusuan_system. */
export class PostgresCycleReader implements CycleReader {
  constructor(private readonly database: Database) {}

  /** Throws RangeError for a cursor that no page of ours ended with. */
  async cycles(page: { readonly limit: number; readonly after: string | null }): Promise<Page<CycleView>> {
    if (page.after !== null && !/^\d{1,15}$/.test(page.after)) {
      throw new RangeError(
        `"${page.after}" is no cursor of the cycles: pass back nextCursor of the page before, unchanged`,
      );
    }
    const { rows } = await this.database.query<ListedRow & Record<string, unknown>>(listCycles, [
      page.after,
      page.limit + 1,
    ]);
    const items = rows.slice(0, page.limit).map(cycleView);
    const last = items.at(-1);
    return { items, nextCursor: rows.length > page.limit && last ? String(last.cycle) : null };
  }
}

const cycleView = (row: ListedRow): CycleView => ({
  cycle: row.cycle,
  epoch: row.epoch,
  at: row.now_s * 1000,
  recordedWallMs: row.at_wall,
  policy: row.policy_sha256 === null ? null : { sha256: row.policy_sha256, name: row.policy_name ?? '' },
  planSha256: row.plan_sha256,
  starts: row.starts,
  preemptions: row.preemptions,
  considered: row.considered,
  state: row.step === 0 ? 'keyframe' : 'deltas',
  bytes: row.bytes,
  loss: lossOf(row),
});

function lossOf({ format, step, steps }: ListedRow): CycleView['loss'] {
  if (format !== STATE_FORMAT) return 'other-format';
  return steps === step ? null : 'superseded';
}
