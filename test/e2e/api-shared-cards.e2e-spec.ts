import { defaultPolicy, fixedPolicy } from '#libs/application';
import { nodeIdsOf } from '#libs/domain';
import { InMemorySimulatedEngineStore, SimulatedEngine } from '#libs/engines';
import { aUuid } from '#libs/testing';
import { aLoopByHand } from '../support/loop-by-hand.js';
import { anApiForAll } from './support/api-for-all.js';
import { blue, testNow } from './support/api-under-test.js';
import { aBody } from './support/client.js';

/** Two nodes of eight cards, each cut into quarters. */
const pool = 'ezhou-ctcc-vnpu';
const group = `${pool}-atlas-800t-a2`;
const { api, ask } = anApiForAll();
let engine: SimulatedEngine;
let turn: () => Promise<void>;
beforeAll(async () => {
  const seeded = api.catalogue.nodeGroups.find(({ id }) => id === group);
  if (!seeded) throw new Error(`The seeds have no group ${group}`);
  const nodes = nodeIdsOf(seeded).map((id) => ({ id, groupId: group, shape: seeded.shape }));
  engine = new SimulatedEngine({
    pool: { id: pool, placement: 'pinned', nodes },
    store: new InMemorySimulatedEngineStore(),
    ids: { uuid: aUuid },
  });
  const { epoch, cycle, dispatch } = await aLoopByHand(api.system, {
    holder: 'e2e',
    engineOf: (id) => (id === pool ? engine : null),
    policy: fixedPolicy(defaultPolicy),
    keyframeEvery: 100,
  });
  turn = async () => {
    await cycle.execute(epoch, testNow);
    await dispatch.execute(() => testNow);
  };
});

const body = (resources: object, named: object = {}) =>
  aBody({ class: 'inference', resources: { nodes: 1, ...resources }, constraints: { pools: [pool] }, ...named });
async function placed(resources: object): Promise<{ id: string; at: string }> {
  const answer = await ask('POST /v1/jobs', { key: api.keys.blue, body: body(resources) });
  expect(answer.status).toBe(201);
  await turn();
  const { placement } = (await ask('GET /v1/jobs/{id}', { key: api.keys.blue, params: { id: answer.body.id } })).body;
  const { devices, heldFraction } = placement.sharedAccelerators;
  return { id: answer.body.id, at: `${placement.nodes.join(' ')}/${devices.join(' ')} ${heldFraction}` };
}

it('quarters share a card, the fifth opens another, whole cards go beside them', async () => {
  const quarters: string[] = [];
  for (let count = 0; count < 5; count += 1) quarters.push((await placed({ acceleratorFraction: 0.25 })).at);
  expect(quarters.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => `${group}-0001/0 0.25`));
  expect(quarters[4]).toBe(`${group}-0001/1 0.25`);
  expect((await placed({ acceleratorsPerNode: 2 })).at).toMatch(/\/(?!0|1)\d,\d 1$/);
  expect((await placed({ acceleratorFraction: 0.3 })).at).toBe(`${group}-0001/1 0.5`);
  const running = await engine.observe(testNow, testNow);
  expect(running.map(({ state }) => state)).toEqual(Array.from({ length: 7 }, () => 'running'));
});

it('a job shows what it asked for and what it holds; pools and nodes show what is held of the cards that are open', async () => {
  const { id } = await placed({ acceleratorFraction: 0.1 });
  const shown = (await ask('GET /v1/jobs/{id}', { key: api.keys.blue, params: { id } })).body;
  expect(shown.request.resources).toMatchObject({
    acceleratorsPerNode: 1,
    acceleratorFraction: 0.1,
    cpuCoresPerNode: 1,
    memoryGiBPerNode: 2,
  });
  expect(shown.placement.sharedAccelerators).toEqual({ kind: 'vnpu', heldFraction: 0.25, devices: [[1]] });
  const { groups, live } = (await ask('GET /v1/pools/{id}', { key: api.keys.blue, params: { id: pool } })).body;
  // Four and two quarters and a half on two cards, and two whole ones.
  expect(groups[0].sharing).toEqual({ kind: 'vnpu', slices: 4, cardsHeld: 4 });
  expect([groups[0].cards.allocated, live.cardsAllocated]).toEqual([4, 4]);
  const nodes = (await ask('GET /v1/pools/{id}/nodes', { key: api.keys.blue, params: { id: pool } })).body.items;
  const held = nodes.flatMap((node: { attempts: object[] }) => node.attempts);
  expect(held).toContainEqual(expect.objectContaining({ tenant: blue, cards: 0.5, devices: [1] }));
  expect(held).toHaveLength(8);
});

it('a quote for a part of a card costs that part of what a card costs', async () => {
  const optionOf = async (resources: object) => {
    const quote = await ask('POST /v1/quotes', { key: api.keys.blue, body: body(resources) });
    return quote.body.options.find((option: { pool: string }) => option.pool === pool);
  };
  const [whole, half, less] = [
    await optionOf({ acceleratorsPerNode: 1 }),
    await optionOf({ acceleratorFraction: 0.5 }),
    await optionOf({ acceleratorFraction: 0.3 }),
  ];
  expect(half.energyKwh / whole.energyKwh).toBeGreaterThan(0.5);
  expect(half.energyKwh / whole.energyKwh).toBeLessThan(0.65);
  expect(less.energyKwh).toBe(half.energyKwh);
});

const refusals = {
  'pools that share no cards': { constraints: { pools: ['ezhou-yueke'] } },
  'a model that nobody shares': {
    constraints: {},
    resources: { nodes: 1, acceleratorFraction: 0.5, acceleratorModels: ['nvidia-a800'] },
  },
};
it.each(Object.entries(refusals))('%s are never runnable for a part of one', async (_sentence, named) => {
  const answer = await ask('POST /v1/jobs', {
    key: api.keys.blue,
    body: body({ acceleratorFraction: 0.5 }, named),
  });
  expect(answer.status).toBe(422);
  expect(answer.body).toMatchObject({
    code: 'never-runnable',
    detail: expect.stringMatching(/no pool it may use shares its accelerators; it would have to ask for whole ones/),
    errors: [{ pointer: '#/resources/acceleratorFraction' }],
  });
});
