import { statement, type Session } from './database.js';

/*
 * Counts of jobs since the service began, for counters that must not read its whole history. Triggers on job and attempt write
 * what happened as rows of job_total_news, each transaction its own, so that submitters never wait for each other; `foldJobTotals`
 * adds these up into job_total. A total is always the sum of both, in one statement and so of one snapshot: folding cannot
 * make it go down, and neither can a restart.
 */

/** Both tables as one relation: kind, pool_id, class, word, accelerator_model, jobs, card_ms. */
export const jobTotals = `(
  select kind, pool_id, class, word, accelerator_model, jobs, card_ms from job_total
  union all select kind, pool_id, class, word, accelerator_model, jobs, card_ms from job_total_news)`;

const fold = statement(
  'job-totals-fold',
  `with gone as (
    delete from job_total_news where ctid = any(array(select ctid from job_total_news limit $1::int for update skip locked))
    returning kind, pool_id, class, word, accelerator_model, jobs, card_ms
  ), added as (
    insert into job_total as t (kind, pool_id, class, word, accelerator_model, jobs, card_ms)
    select kind, pool_id, class, word, accelerator_model, sum(jobs), sum(card_ms) from gone
    group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
    on conflict (kind, pool_id, class, word, accelerator_model) do update
      set jobs = t.jobs + excluded.jobs, card_ms = t.card_ms + excluded.card_ms
  )
  select count(*) as folded from gone`,
);

/** Returns how many rows of news it took in, at most `limit`. Needs the rights of chusuan_system. */
export async function foldJobTotals(session: Session, limit: number): Promise<number> {
  const { rows } = await session.query<{ folded: number }>(fold, [limit]);
  return rows[0]?.folded ?? 0;
}
