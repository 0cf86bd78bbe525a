import { aGroup, aPool } from '#libs/testing';
import { Stage } from './support/stage.js';

// Two nodes of two cards: whole cards and quarters.
const shape = { cards: 2, cores: 64, memoryGiB: 512 };
const sharing = { kind: 'vnpu', slices: 4 } as const;
let stage: Stage;
beforeEach(async () => {
  stage = await Stage.open({
    pools: [aPool('pinned', { groups: [aGroup('pinned-a', { nodes: 2, shape, sharing })] })],
  });
});
afterEach(() => stage.close());

const cardsOf = async (id: string): Promise<string> => {
  const { placement } = await stage.job(id);
  const cards = placement?.sharing?.devices.flat().join(',');
  return placement ? `${placement.nodeIds.join(' ')}/${cards} ${placement.sharing?.milli}` : 'waits';
};

it('quarters fill a card before they open another, and a whole job goes beside them', async () => {
  const quarters: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    quarters.push(await stage.submit({ fraction: 0.25 }));
    await stage.turn();
  }
  const whole = await stage.submit({ cards: 2 });
  await stage.turn();
  expect(await Promise.all(quarters.map(cardsOf))).toEqual([
    'pinned-a-0001/0 250',
    'pinned-a-0001/0 250',
    'pinned-a-0001/0 250',
    'pinned-a-0001/0 250',
    'pinned-a-0001/1 250',
  ]);
  expect(await cardsOf(whole)).toBe('pinned-a-0002/0,1 1000');
  expect(await stage.atEngine('pinned')).toHaveLength(6);
  expect((await stage.atEngine('pinned')).every((job) => job.state === 'running')).toBe(true);
  expect(await stage.overfull()).toEqual([]);
});

it('a part that ends makes room for the job that waits for it, after a restart as before', async () => {
  const short = await stage.submit({ fraction: 0.5, runSeconds: 60 });
  const rest = [await stage.submit({ cards: 2 }), await stage.submit({ cards: 1 }), await stage.submit({ fraction: 0.5 })];
  await stage.turn();
  const waiting = await stage.submit({ fraction: 0.4 });
  await stage.turn();
  expect(await Promise.all(rest.map(async (id) => (await stage.job(id)).state))).toEqual(['running', 'running', 'running']);
  expect((await stage.job(waiting)).verdict?.refusal).toBe('no-free-accelerators');
  stage.pass(61);
  await stage.restart();
  stage.renewEngines();
  await stage.observe();
  await stage.turn();
  expect((await stage.job(short)).state).toBe('completed');
  expect(await cardsOf(waiting)).toBe(`${(await cardsOf(rest[2] ?? '')).split(' ')[0]} 500`);
  expect(await stage.overfull()).toEqual([]);
  expect(new Set((await stage.replays()).map(({ kind }) => kind))).toEqual(new Set(['same']));
}); // prettier-ignore
