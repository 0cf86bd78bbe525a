import { Migration } from '@mikro-orm/migrations';

/** Keyframes in chunks, and beside each what stands on it, so that pruning reads a row a stretch instead of a row a cycle. */
export class Replay20261124211200 extends Migration {
  override up(): void {
    for (const statement of [...keyframes, ...records, ...upkeep, ...rights]) this.addSql(statement);
  }
}

const keyframes = [
  `create table cycle_keyframe (
    cycle bigint not null, epoch bigint not null, format integer not null, chunks integer not null check (chunks > 0),
    bytes bigint not null check (bytes > 0), at_wall timestamptz not null default clock_timestamp(),
    -- of the cycles that stand on it, its own among them; told by whoever writes them
    cycles integer not null default 1, delta_bytes bigint not null default 0, newest_wall timestamptz not null default clock_timestamp(),
    primary key (cycle, epoch)
  ) with (fillfactor = 70)`,
  `create table cycle_keyframe_chunk (
    cycle bigint not null, epoch bigint not null, number integer not null check (number > 0), sha256 text not null,
    bytes bytea not null check (octet_length(bytes) between 1 and 1000000), primary key (cycle, epoch, number),
    foreign key (cycle, epoch) references cycle_keyframe on delete cascade
  )`,
];

// The numbers of cycles recorded before stay given out; their states are in a form that is no longer read.
const records = [
  `alter table cycle_record drop column keyframe, alter column deltas drop not null, add column keyframe_cycle bigint, add column step integer,
    add column deltas_sha256 text, add column preemptions integer not null default 0`,
  `update cycle_record set deltas = null`,
  `alter table cycle_record add foreign key (keyframe_cycle, epoch) references cycle_keyframe,
    add check (octet_length(deltas) <= 1000000), add check ((deltas is null) = (deltas_sha256 is null)),
    add check ((keyframe_cycle is null) = (step is null)), add check ((deltas is null) = (coalesce(step, 0) = 0))`,
  `create index cycle_record_by_keyframe on cycle_record (keyframe_cycle, epoch, step)`,
];

// All of it is packed already. What was pruned is to be room for what comes: a fifth of 10 GiB is too much to wait for.
const upkeep = [
  `alter table cycle_record alter column deltas set storage external`,
  `alter table cycle_keyframe_chunk alter column bytes set storage external`,
  ...['cycle_record', 'cycle_keyframe_chunk'].map(
    (table) =>
      `alter table ${table} set (autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_scale_factor = 0.02)`,
  ),
];

// A state names every tenant's jobs: it is nobody's but the scheduler's and the auditor's, as cycle_record is.
const rights = [
  `grant select, insert, update, delete on cycle_keyframe, cycle_keyframe_chunk to chusuan_system`,
  `grant select on cycle_keyframe, cycle_keyframe_chunk to chusuan_auditor`,
];
