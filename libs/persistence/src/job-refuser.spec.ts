import { type FreshDatabase, aNewJob, freshDatabase, runWork, seedMinimal, testEpoch } from '#libs/testing';
import { PostgresBulkSubmit } from './bulk-submit.js';
import { openDatabase, type Database } from './database.js';
import { PostgresJobRefuser } from './job-refuser.js';
import { PostgresLeaseStore } from './lease-store.js';

let fresh: FreshDatabase;
let system: Database;
let epoch: number;
beforeAll(async () => {
  fresh = await freshDatabase();
  await seedMinimal(fresh.url);
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 2 });
  epoch = (await new PostgresLeaseStore(system).acquire('one', 60_000)).epoch;
});
afterAll(async () => {
  await system?.close();
  await fresh?.drop();
});

const refuse = (by: number, ...jobIds: string[]) =>
  new PostgresJobRefuser(system).refuse(by, jobIds, 'rejected-by-engines', testEpoch);
const jobRow = async (id: string) =>
  (await system.query('select state, detail, ended_at from job where id = $1', [id])).rows[0];
const waiting = async (): Promise<string> => {
  const job = aNewJob();
  await new PostgresBulkSubmit(system).submitAll([job]);
  return job.id;
};

it('ends jobs that wait, with the reason, and leaves alone what has moved meanwhile', async () => {
  const [refused, running] = [await waiting(), await runWork(system)];
  expect(await refuse(epoch, running.jobId, refused)).toBe('written');
  expect(await jobRow(refused)).toEqual({ state: 'refused', detail: 'rejected-by-engines', ended_at: testEpoch });
  expect(await jobRow(running.jobId)).toMatchObject({ state: 'running', ended_at: null });
});

it('keeps the words of the engine where there are some', async () => {
  const id = await waiting();
  await system.query(`update job set detail = 'no such image' where id = $1`, [id]);
  await refuse(epoch, id);
  expect(await jobRow(id)).toMatchObject({ state: 'refused', detail: 'no such image' });
});

it('of a scheduler that does not lead any more ends nothing', async () => {
  const id = await waiting();
  expect(await refuse(epoch - 1, id)).toBe('fenced');
  expect(await jobRow(id)).toMatchObject({ state: 'queued' });
});
