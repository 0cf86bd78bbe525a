import { defaultPolicy, fixedPolicy } from '#libs/application';
import { PostgresBulkSubmit } from '#libs/persistence';
import { aGroup, aNewJob, aPool } from '#libs/testing';
import { Stage } from './support/stage.js';

/** One pool of two whole nodes, jobs that take one node each, and a keyframe each four cycles. */
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ pools: [aPool('pinned', { groups: [aGroup('pinned-a', { nodes: 2 })] })] });
});
afterAll(() => stage.close());

async function queue(named: Parameters<typeof aNewJob>[0] & { readonly runSeconds: number }): Promise<void> {
  const { runSeconds, ...rest } = named;
  const job = aNewJob({ perNode: { cards: 8, cores: 64, memoryGiB: 512 }, submittedAt: stage.now, ...rest });
  const request = { ...(job.request as object), run: { command: ['work'], simulated: { runSeconds } } };
  await new PostgresBulkSubmit(stage.system).submitAll([{ ...job, request }]);
}
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await stage.turn();
    stage.pass(60);
  }
}

it('every cycle is planned again byte for byte, over keyframes, preemptions, a change of policy and of the leader', async () => {
  for (let job = 0; job < 4; job++)
    await queue({ priority: 3, flexibility: { preemptible: true }, limitSeconds: 7200, runSeconds: 1500 });
  await turns(3);
  await queue({ priority: 0, limitSeconds: 600, runSeconds: 200 });
  await turns(6);
  stage.policy = fixedPolicy({ ...defaultPolicy, order: 'sjf' });
  for (const limitSeconds of [3600, 900]) await queue({ priority: 2, limitSeconds, runSeconds: 120 });
  await turns(6);
  await stage.restart();
  stage.pass(1800);
  await queue({ priority: 2, limitSeconds: 300, runSeconds: 100 });
  await turns(6);

  const { rows } = await stage.system.query<{ keyframes: number; policies: number; preemptions: number; leaders: number }>(
    `select count(*) filter (where step = 0) as keyframes, count(distinct policy_sha256) as policies, sum(preemptions)::int8 as preemptions,
       count(distinct epoch) as leaders from cycle_record`,
  ); // prettier-ignore
  expect(rows[0]).toMatchObject({ policies: 2, leaders: 2 });
  expect(rows[0]?.keyframes).toBeGreaterThanOrEqual(4);
  expect(rows[0]?.preemptions).toBeGreaterThanOrEqual(1);

  const replayed = await stage.replays();
  expect(replayed.length).toBeGreaterThan(12);
  for (const it of replayed) {
    if (it.kind === 'not-kept') throw new Error(`cycle ${it.cycle}: ${it.why}`);
    expect(it.kind).toBe('same');
    expect(it.replayedSha256).toBe(it.recordedSha256);
  }
});
