import { attemptMoves, jobMoves } from '#libs/domain';
import { aNewJob, freshDatabase, seedMinimal, type FreshDatabase } from '#libs/testing';
import { PostgresBulkSubmit } from './bulk-submit.js';
import { openDatabase, type Database } from './database.js';

let fresh: FreshDatabase;
let system: Database;
beforeAll(async () => {
  fresh = await freshDatabase();
  await seedMinimal(fresh.url);
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 2 });
});
afterAll(async () => {
  await system?.close();
  await fresh?.drop();
});

it('the database holds the moves of the domain, and no others', async () => {
  const { rows } = await system.query<{ move: string }>(
    `select subject || ': ' || from_state || ' -> ' || to_state as move from life_cycle_move`,
  );
  const tables: Record<string, Record<string, readonly string[]>> = { job: jobMoves, attempt: attemptMoves };
  const wanted = Object.entries(tables).flatMap(([subject, moves]) =>
    Object.entries(moves).flatMap(([from, to]) => to.map((state) => `${subject}: ${from} -> ${state}`)),
  );
  expect(rows.map((row) => row.move).toSorted()).toEqual(wanted.toSorted());
});

it('a move that is not in the table is refused, whoever writes it', async () => {
  const job = aNewJob();
  await new PostgresBulkSubmit(system).submitAll([job]);
  await expect(system.query(`update job set state = 'completed' where id = $1`, [job.id])).rejects.toThrow(
    `job ${job.id} may not move from queued to completed`,
  );
  await system.query(`update job set state = 'cancelled', ended_at = now() where id = $1`, [job.id]);
  await expect(system.query(`update job set state = 'queued' where id = $1`, [job.id])).rejects.toThrow(
    'may not move from cancelled to queued',
  );
});
