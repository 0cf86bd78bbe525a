import { PostgresPlannerFeed } from '#libs/persistence';
import { Stage } from './support/stage.js';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.close());

const planned = async (seconds: number): Promise<string> => {
  const id = await stage.submit({ runSeconds: 600 });
  await stage.plan();
  await stage.system.query('update attempt set staging_seconds = $1 where job_id = $2', [seconds, id]);
  return id;
};
const running = async () => (await new PostgresPlannerFeed(stage.system).cold(stage.now)).snapshot.running[0];

it('a job waits on its nodes until its inputs are there, and everybody can see it', async () => {
  const id = await planned(120);
  const begun = stage.now;
  const before = await running();
  await stage.dispatch();
  await stage.observe();
  expect(await stage.job(id)).toMatchObject({
    state: 'starting',
    startedAt: null,
    placement: { staging: { seconds: 120, until: begun + 120_000 } },
  });
  expect(await stage.eventsOf(id)).toEqual(['submitted', 'placed', 'staging', 'released']);
  const predicted = (before?.predictedEnd ?? 0) - begun / 1000 - 120;

  stage.pass(119);
  await stage.observe();
  expect((await stage.job(id)).state).toBe('starting');
  stage.pass(11);
  await stage.observe();
  expect(await stage.job(id)).toMatchObject({ state: 'running', startedAt: begun + 120_000 });
  // Nothing is added to a start that the engine has told.
  expect((await running())?.predictedEnd).toBe(begun / 1000 + 120 + predicted);
  stage.pass(600);
  await stage.observe();
  expect(await stage.job(id)).toMatchObject({ state: 'completed', endedAt: begun + 720_000 });
});

it('the time counts from the first word, however often the order is told again', async () => {
  const id = await planned(120);
  const begun = stage.now;
  stage.engines.get('pinned')?.failNext('release', 'unreachable');
  await stage.dispatch();
  stage.pass(60);
  await stage.outboxComesDue();
  await stage.dispatch();
  await stage.observe();
  expect((await stage.job(id)).placement?.staging).toEqual({ seconds: 120, until: begun + 120_000 });
  expect((await stage.eventsOf(id)).filter((kind) => kind === 'staging')).toHaveLength(1);
});

it('an engine that cannot is told nothing of it, and a job whose data is there stages nothing', async () => {
  const engine = stage.engines.get('pinned');
  Object.assign(engine ?? {}, { stage: undefined });
  const id = await planned(120);
  await stage.dispatch();
  await stage.observe();
  expect(await stage.job(id)).toMatchObject({ state: 'running', placement: { staging: null } });
  stage.renewEngines();
  const other = await planned(0);
  await stage.dispatch();
  await stage.observe();
  expect(await stage.job(other)).toMatchObject({ state: 'running', placement: { staging: null } });
});
