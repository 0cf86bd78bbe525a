import { runWork } from '#libs/testing';
import type { Response } from 'supertest';
import { type ApiUnderTest, anApi, blue, testNow } from './support/api-under-test.js';
import { type Ask, type Asked, aBody, asking, contractOf } from './support/client.js';
import type { Contract } from './support/contract.js';

const pool = 'ezhou-yueke';
const group = 'ezhou-yueke-atlas-800t-a2';

let api: ApiUnderTest;
let ask: Ask;
let contract: Contract;
let theirs: Awaited<ReturnType<typeof runWork>>;
let node = '';
let theirBooking = '';
beforeAll(async () => {
  api = await anApi();
  contract = await contractOf(api);
  ask = asking(api, contract);
  theirs = await runWork(api.system, {
    tenantId: blue,
    poolId: pool,
    groupId: group,
    placedAt: testNow - 60_000,
    perNode: { cards: 8, cores: 32, memoryGiB: 128 },
  });
  await api.settle(pool, testNow - 3_600_000);
  await api.refresh();
  node = (await ask('GET /v1/jobs/{id}', { key: api.keys.blue, params: { id: theirs.jobId } })).body.placement.nodes[0];
  const made = await ask('POST /v1/reservations', {
    key: api.keys.operator,
    body: { name: 'theirs', tenant: blue, durationSeconds: 3600, parts: [{ pool, group, nodes: 1 }] },
  });
  theirBooking = made.body.id;
});
afterAll(() => api.close());

/** What a stranger's key may learn of blue's job, by route. A route that is not here fails the test: say what it may tell. */
interface Rule {
  readonly asked?: () => Asked;
  readonly want: 'not-found' | 'forbidden' | 'out-of-reach' | 'nothing-of-theirs';
}
const job = (): Asked => ({ params: { id: theirs.jobId } });
const booking = (): Asked => ({ params: { id: theirBooking } });
const rules: Record<string, Rule> = {
  'GET /': { want: 'nothing-of-theirs' },
  'GET /problems': { want: 'nothing-of-theirs' },
  'GET /problems/{code}': { asked: () => ({ params: { code: 'job-unknown' } }), want: 'nothing-of-theirs' },
  'GET /healthz': { want: 'nothing-of-theirs' },
  'GET /readyz': { want: 'nothing-of-theirs' },
  'GET /v1/clock': { want: 'nothing-of-theirs' },
  'POST /v1/jobs': { asked: () => ({ body: aBody({ tenant: blue }) }), want: 'out-of-reach' },
  'GET /v1/jobs': { asked: () => ({ query: { tenant: blue } }), want: 'not-found' },
  'GET /v1/jobs/{id}': { asked: job, want: 'not-found' },
  'POST /v1/jobs/{id}/cancel': { asked: job, want: 'not-found' },
  'GET /v1/jobs/{id}/explanation': { asked: job, want: 'not-found' },
  'GET /v1/jobs/{id}/events': { asked: job, want: 'not-found' },
  'GET /v1/jobs/{id}/logs': { asked: job, want: 'not-found' },
  'POST /v1/quotes': { asked: () => ({ body: aBody({ tenant: blue }) }), want: 'out-of-reach' },
  'GET /v1/promises/calibration': { want: 'nothing-of-theirs' },
  'GET /v1/pools': { want: 'nothing-of-theirs' },
  'GET /v1/pools/{id}': { asked: () => ({ params: { id: pool } }), want: 'nothing-of-theirs' },
  'GET /v1/pools/{id}/nodes': {
    asked: () => ({ params: { id: pool }, query: { limit: 200 } }),
    want: 'nothing-of-theirs',
  },
  'GET /v1/nodes/{id}': { asked: () => ({ params: { id: node } }), want: 'nothing-of-theirs' },
  'GET /v1/cycles': { want: 'forbidden' },
  'GET /v1/policy': { want: 'forbidden' },
  'GET /v1/policy/history': { want: 'forbidden' },
  'PUT /v1/policy': { asked: () => ({ body: { schema: 'policy/v1' } }), want: 'forbidden' },
  'PATCH /v1/nodes/{id}': { asked: () => ({ params: { id: node }, body: { state: 'down' } }), want: 'forbidden' },
  'POST /v1/power-caps': {
    asked: () => ({ body: { site: pool, from: '2026-11-23T10:00:00Z', until: '2026-11-23T11:00:00Z', watts: 1 } }),
    want: 'forbidden',
  },
  'GET /v1/power-caps': { want: 'nothing-of-theirs' },
  'DELETE /v1/power-caps/{id}': { asked: job, want: 'forbidden' },
  'POST /v1/telemetry': {
    asked: () => ({
      body: { readings: [{ kind: 'latency', fromDistrict: 'echeng', pool, oneWayMs: 1, method: 'x' }] },
    }),
    want: 'forbidden',
  },
  'GET /v1/tenants': { want: 'nothing-of-theirs' },
  'GET /v1/tenants/{id}': { asked: () => ({ params: { id: blue } }), want: 'not-found' },
  'GET /v1/tenants/{id}/usage': { asked: () => ({ params: { id: blue } }), want: 'not-found' },
  'POST /v1/reservations': {
    asked: () => ({ body: { name: 'x', tenant: blue, parts: [{ pool }] } }),
    want: 'forbidden',
  },
  'GET /v1/reservations': { want: 'nothing-of-theirs' },
  'GET /v1/reservations/{id}': { asked: booking, want: 'not-found' },
  'PATCH /v1/reservations/{id}': { asked: () => ({ ...booking(), body: { name: 'y' } }), want: 'forbidden' },
  'DELETE /v1/reservations/{id}': { asked: booking, want: 'forbidden' },
  'POST /v1/maintenance': { asked: () => ({ body: { name: 'x', parts: [{ pool }] } }), want: 'forbidden' },
  'GET /v1/maintenance': { want: 'nothing-of-theirs' },
  'GET /v1/maintenance/{id}': { asked: booking, want: 'not-found' },
  'PATCH /v1/maintenance/{id}': { asked: () => ({ ...booking(), body: { name: 'y' } }), want: 'forbidden' },
  'DELETE /v1/maintenance/{id}': { asked: booking, want: 'forbidden' },
  'GET /v1/tenants/{id}/share': { asked: () => ({ params: { id: blue } }), want: 'not-found' },
  'GET /v1/tenants/{id}/quota': { asked: () => ({ params: { id: blue } }), want: 'not-found' },
  'PUT /v1/tenants/{id}/quota': { asked: () => ({ params: { id: blue }, body: { cards: 1 } }), want: 'forbidden' },
  'GET /v1/exchange-rates': { want: 'nothing-of-theirs' },
  'GET /v1/energy/settlements': { asked: () => ({ query: { pool } }), want: 'nothing-of-theirs' },
};

const statusOf = { 'not-found': 404, forbidden: 403, 'out-of-reach': 422 } as const;
/** A list of pools names nobody; blue's name, job and tenant id are what must not be in any answer but an echo of the question. */
function expectNothingOfTheirs(answer: Response): void {
  expect(answer.status).toBe(200);
  expect(answer.text).not.toContain(theirs.jobId);
  expect(answer.text).not.toContain(`"${blue}"`);
  expect(answer.text).not.toContain('莲花山');
}

it('every route has a rule', () => {
  expect(contract.operations.toSorted()).toEqual(Object.keys(rules).toSorted());
});

describe('with the key of another tenant', () => {
  it.each(Object.entries(rules))('%s', async (operation, { asked, want }) => {
    const answer = await ask(operation, { ...asked?.(), key: api.keys.green });
    if (want === 'nothing-of-theirs') expectNothingOfTheirs(answer);
    else {
      expect(answer.status).toBe(statusOf[want]);
      expect(answer.text).not.toContain('莲花山');
    }
  });

  it('a job of another tenant and one that never was are told alike', async () => {
    const told = async (id: string) => {
      const { body } = await ask('GET /v1/jobs/{id}', { key: api.keys.green, params: { id } });
      return JSON.stringify({ ...body, trace_id: '' }).replaceAll(id, 'ID');
    };
    expect(await told(theirs.jobId)).toBe(await told('00000000-0000-7000-8000-000000000000'));
  });

  it('the list of jobs without a filter is empty', async () => {
    expect((await ask('GET /v1/jobs', { key: api.keys.green })).body.items).toEqual([]);
  });

  it('nothing of theirs was changed', async () => {
    const shown = await ask('GET /v1/jobs/{id}', { key: api.keys.blue, params: { id: theirs.jobId } });
    expect(shown.body).toMatchObject({ state: 'running', placement: { nodes: [node] } });
    expect((await ask('GET /v1/nodes/{id}', { key: api.keys.blue, params: { id: node } })).body).toMatchObject({
      state: 'up',
      attempts: [{ attemptId: theirs.attemptId, tenant: blue }],
    });
  });
});

describe('without a key', () => {
  it.each(Object.keys(rules).filter((operation) => operation.includes(' /v1/')))('%s is refused', async (operation) => {
    expect((await ask(operation, rules[operation]?.asked?.())).status).toBe(401);
  });
});
