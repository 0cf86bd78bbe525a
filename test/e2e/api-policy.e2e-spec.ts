import { defaultServicePolicy } from '#libs/application';
import { renderPolicy } from '#libs/config';
import { anApiForAll } from './support/api-for-all.js';

const { api, ask } = anApiForAll();

const body = (over: object = {}): object => ({
  ...(JSON.parse(renderPolicy(defaultServicePolicy)) as object),
  ...over,
});

it('none is active before the first', async () => {
  expect((await ask('GET /v1/policy', { key: api.keys.planner })).body).toEqual({ active: null, policy: null });
});

it('an operator applies one; whoever plans, audits or operates reads it, and its history', async () => {
  const applied = await ask('PUT /v1/policy', { key: api.keys.operator, body: body({ name: 'short', maxStarts: 7 }) });
  expect(applied.body).toMatchObject({
    active: { name: 'short', origin: 'applied' },
    policy: { maxStarts: 7, latencyStaleSeconds: 86_400 },
  });
  for (const key of [api.keys.operator, api.keys.planner, api.keys.auditor]) {
    expect((await ask('GET /v1/policy', { key })).body).toEqual(applied.body);
    expect((await ask('GET /v1/policy/history', { key })).body.items).toEqual([applied.body.active]);
  }
});

it('a planner applies none', async () => {
  expect(await ask('PUT /v1/policy', { key: api.keys.planner, body: body() })).toMatchObject({ status: 403 });
});

it('one with faults is refused with all of them, and the old one stays', async () => {
  const refused = await ask('PUT /v1/policy', { key: api.keys.operator, body: body({ maxStarts: 0, ordr: 'fair' }) });
  expect(refused).toMatchObject({ status: 422, body: { code: 'request-invalid' } });
  expect(refused.body.errors).toEqual([
    { pointer: '#/maxStarts', detail: expect.stringMatching(/^is below 1;/) },
    { pointer: '#/ordr', detail: expect.stringMatching(/did you mean "order"\?$/) },
  ]);
  expect((await ask('GET /v1/policy', { key: api.keys.operator })).body.active.name).toBe('short');
});
