import { aGroup, aPool } from '#libs/testing';
import { Stage, type StageWishes } from './support/stage.js';

let stage: Stage;
const begin = async (wishes: StageWishes = {}): Promise<Stage> => (stage = await Stage.open(wishes));
afterEach(() => stage.close());

describe('under faults of every kind', () => {
  /** Numbers in [0, 1) that the seed gives away (Park and Miller 1988). */
  const drawn = (seed: number): (() => number) => {
    let state = seed;
    return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  };
  const faults = ['unreachable', 'reply-lost', 'doubled', 'late'] as const;

  it.each([11, 222, 3333])(
    'every job is run once to its end, no node holds too much, every cycle can be replayed (seed %i)',
    async (seed) => {
      const draw = drawn(seed);
      let isCalm = false;
      await begin({
        pools: [
          aPool('pinned', { groups: [aGroup('pinned-a', { nodes: 3 })] }),
          aPool('delegated', { placement: 'delegated' }),
        ],
        faultOf: () => (isCalm || draw() > 0.3 ? 'none' : faults[Math.floor(draw() * faults.length)]!),
      });
      const jobs: string[] = [];
      for (let step = 0; step < 30; step += 1) {
        const nodes = 1 + Math.floor(draw() * 2);
        const pools = draw() < 0.5 ? ['pinned'] : ['pinned', 'delegated'];
        jobs.push(
          await stage.submit({ nodes, pools, cards: draw() < 0.5 ? 8 : 3, runSeconds: 60 + Math.floor(draw() * 600) }),
        );
        if (draw() < 0.1) await stage.restart();
        stage.pass(20 + Math.floor(draw() * 60));
        await stage.outboxComesDue();
        await stage.turn();
        expect(await stage.overfull()).toEqual([]);
      }
      isCalm = true;
      for (let turns = 0; turns < 60 && (await waiting()) > 0; turns += 1) {
        stage.pass(120);
        await stage.outboxComesDue();
        await stage.observe();
        await stage.turn();
      }
      const over = await Promise.all(jobs.map((id) => stage.job(id)));
      expect(over.map(({ state, attempts }) => ({ state, attempts }))).toEqual(
        jobs.map(() => ({ state: 'completed', attempts: 1 })),
      );
      const runs = [...(await stage.atEngine('pinned')), ...(await stage.atEngine('delegated'))];
      expect(runs).toHaveLength(jobs.length);
      expect(runs.every((run) => run.state === 'completed')).toBe(true);
      const replays = await stage.replays();
      expect(replays.length).toBeGreaterThan(20);
      expect(replays.filter((replayed) => replayed.kind !== 'same')).toEqual([]);
    },
  );

  const waiting = async (): Promise<number> => {
    const { rows } = await stage.system.query<{ left: number }>(
      `select count(*) as left from job where state not in ('completed', 'failed', 'timeout', 'cancelled')`,
    );
    return rows[0]?.left ?? 0;
  };
});

it('an engine that forgets a job loses it after two looks, and it runs again', async () => {
  await begin();
  const id = await stage.submit();
  await stage.turn();
  const { rows } = await stage.system.query<{ id: string }>(
    'delete from simulated_engine_job returning attempt_id as id',
  );
  expect(rows).toHaveLength(1);
  // The engine's own memory still has it: only a new instance reads its store again.
  stage.renewEngines();
  await stage.observe();
  expect(await stage.job(id)).toMatchObject({ state: 'running', attempts: 1 });
  await stage.observe();
  expect(await stage.job(id)).toMatchObject({ state: 'queued' });
  await stage.turn();
  expect(await stage.job(id)).toMatchObject({ state: 'running', attempts: 2 });
});
