import { SECOND_MS } from '#libs/domain';
import { PostgresBulkSubmit } from '#libs/persistence';
import { aGroup, aNewJob, aPool } from '#libs/testing';
import { Stage } from './support/stage.js';

/** One pool of two whole nodes, and jobs that take one node each. */
let stage: Stage;
beforeEach(async () => {
  stage = await Stage.open({ pools: [aPool('pinned', { groups: [aGroup('pinned-a', { nodes: 2 })] })] });
});
afterEach(() => stage.close());

const wholeNode = { cards: 8, cores: 64, memoryGiB: 512 };
type Named = Parameters<typeof aNewJob>[0];
async function queue(named: Named & { readonly runSeconds?: number }): Promise<string> {
  const { runSeconds = 50_000, ...rest } = named;
  const job = aNewJob({
    perNode: wholeNode,
    limitSeconds: 86_400,
    predictedSeconds: 86_400,
    submittedAt: stage.now,
    ...rest,
  });
  const request = { ...(job.request as object), run: { command: ['work'], simulated: { runSeconds } } };
  await new PostgresBulkSubmit(stage.system).submitAll([{ ...job, request }]);
  return job.id;
}
const stateOf = async (id: string): Promise<string> => (await stage.job(id)).state;

/** Turns of the loop, a minute apart. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await stage.turn();
    stage.pass(60);
  }
}

it('an urgent job puts out the preemptible run that loses least, starts on its node, and the victim goes on from its checkpoint', async () => {
  const old = await queue({ priority: 3, flexibility: { preemptible: true, checkpointIntervalSeconds: 3600 } });
  await turns(1);
  stage.pass(3000);
  const young = await queue({ priority: 3, flexibility: { preemptible: true } });
  await turns(1);
  stage.pass(700);
  // The old run made a checkpoint some minutes ago; the young one has none and would lose all it did.
  const urgent = await queue({ priority: 0, limitSeconds: 600, predictedSeconds: 600, runSeconds: 300 });
  const node = (await stage.job(old)).placement?.nodeIds;
  await stage.plan();
  expect(await stage.job(urgent)).toMatchObject({ state: 'queued' });
  expect(await stage.eventsOf(old)).toContain('preempting');
  await turns(3);
  expect(await stage.job(urgent)).toMatchObject({ state: 'running', placement: { nodeIds: node } });
  expect(await stateOf(young)).toBe('running');
  const { rows } = await stage.system.query<Record<string, unknown>>(
    'select state, preemptions, progress_seconds from job where id = $1',
    [old],
  );
  expect(rows).toEqual([{ state: 'queued', preemptions: 1, progress_seconds: 3600 }]);
  await turns(8);
  expect(await stateOf(urgent)).toBe('completed');
  expect(await stage.job(old)).toMatchObject({ state: 'running', attempts: 2 });
  expect(await stage.eventsOf(old)).toEqual([
    'submitted',
    'placed',
    'released',
    'started',
    'preempting',
    'requeued',
    'placed',
    'released',
    'started',
  ]);
  expect(await stage.overfull()).toEqual([]);
  expect((await stage.replays()).filter((replayed) => replayed.kind !== 'same')).toEqual([]);
});

it('nobody is put out for a job that is not two bands more important, nor who did not offer it', async () => {
  const offered = await queue({ priority: 3, flexibility: { preemptible: true } });
  const kept = await queue({ priority: 3 });
  await turns(2);
  await queue({ priority: 2 });
  await turns(3);
  expect([await stateOf(offered), await stateOf(kept)]).toEqual(['running', 'running']);
  await queue({ priority: 0, nodes: 2 });
  await turns(3);
  expect([await stateOf(offered), await stateOf(kept)]).toEqual(['running', 'running']);
});

it('an elastic job takes what is free, gives a node back at its checkpoint to one that waits, and grows again when it has gone', async () => {
  const elastic = await queue({
    nodes: 1,
    nodesMax: 2,
    flexibility: { checkpointIntervalSeconds: 1800 },
    limitSeconds: 40_000,
    predictedSeconds: 40_000,
  });
  await turns(1);
  expect((await stage.job(elastic)).placement?.nodeIds).toHaveLength(2);
  const rigid = await queue({ limitSeconds: 900, predictedSeconds: 900, runSeconds: 600 });
  await turns(5);
  expect(await stateOf(rigid)).toBe('queued');
  await turns(33);
  expect(await stateOf(rigid)).toBe('running');
  expect((await stage.job(elastic)).placement?.nodeIds).toHaveLength(1);
  const { startedAt } = await stage.job(rigid);
  await turns(50);
  expect(await stage.job(rigid)).toMatchObject({ state: 'completed', endedAt: (startedAt ?? 0) + 600 * SECOND_MS });
  expect((await stage.job(elastic)).placement?.nodeIds).toHaveLength(2);
  expect(await stage.overfull()).toEqual([]);
});
