import { Migration } from '@mikro-orm/migrations';

/** Attempts whose data is brought in before they run. */
export class Staging20261124211000 extends Migration {
  override up(): void {
    this.addSql(`alter table attempt add column staging_seconds integer not null default 0 check (staging_seconds >= 0),
      -- when the engine, asked to bring the inputs in, says that they are there; null where it was not asked or does not do so
      add column staging_until timestamptz`);
    this.addSql(`alter table simulated_engine_job add column staged_until timestamptz`);
  }
}
