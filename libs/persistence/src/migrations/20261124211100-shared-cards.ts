import { Migration } from '@mikro-orm/migrations';

/**
 * Cards that are given out in parts. Card columns stay whole numbers: a job, an attempt or a placement counts the cards that it
 * is on, a node those that anybody is on; beside them stands how much of each card it is, in milli-cards. What is left of a card
 * is told by `device`, which has rows only where a group shares its cards.
 */
export class SharedCards20261124211100 extends Migration {
  override up(): void {
    for (const statement of [...parts, ...devices, ...counts]) this.addSql(statement);
  }
}

const parts = [
  `alter table node_group add column sharing_kind text check (sharing_kind in ('vnpu','mig','time-slice')),
     add column sharing_slices integer check (sharing_slices between 1 and 30 or 1000 % sharing_slices = 0),
     add constraint node_group_sharing_check check ((sharing_kind is null) = (sharing_slices is null))`,
  // Of each card, what it asks for.
  `alter table job add column card_milli integer not null default 1000 check (card_milli between 1 and 1000),
     add constraint job_part_check check (card_milli = 1000 or cards = 1)`,
  // Of each card, what it holds: whole slices.
  `alter table attempt add column held_milli integer not null default 1000 check (held_milli between 1 and 1000),
     add constraint attempt_part_check check (held_milli = 1000 or cards = 1)`,
  `alter table placement_node add column devices integer[], -- null where cards are not told apart
     add constraint placement_node_devices_check check (cardinality(devices) = cards)`,
];

const devices = [
  `create table device (
    node_id text not null references node on delete cascade, index integer not null check (index >= 0),
    used_milli integer not null default 0 check (used_milli between 0 and 1000), primary key (node_id, index)
  ) with (fillfactor = 50)`,
  `grant select on device to chusuan_app, chusuan_auditor`,
  `grant select, insert, update, delete on device to chusuan_system`,
];

// As before, and of a part of a card that part of its time.
const counts = [
  `create or replace function attempt_ended() returns trigger language plpgsql as $$ begin
    insert into job_total_news (kind, pool_id, class, word, accelerator_model, jobs, card_ms)
    select 'finished', new.pool_id, new.class, new.state, coalesce(g.accelerator_model, 'none'), 1,
      coalesce(round(new.nodes * new.cards * new.held_milli * case
        when new.state = 'preempted' and c.seconds > 0 then mod(r.ms, (c.seconds * 1000)::numeric) else r.ms end / 1000), 0)::bigint
    from node_group g, job j,
      lateral (select (j.request->'flexibility'->>'checkpointIntervalSeconds')::int as seconds) c,
      lateral (select greatest(0, round(extract(epoch from new.ended_at - new.started_at) * 1000)) as ms) r
    where g.id = new.group_id and j.id = new.job_id;
    return null;
  end $$`,
];
