import { anApiForAll } from './support/api-for-all.js';
import { aBody } from './support/client.js';

const site = 'ezhou-yueke';
const { api, ask } = anApiForAll();

const operator = (operation: string, asked: object = {}) => ask(operation, { key: api.keys.operator, ...asked });
const cap = (named: object = {}) => ({
  site,
  from: '2026-11-23T02:00:00Z',
  until: '2026-11-23T04:00:00Z',
  watts: 300_000,
  ...named,
});

describe('power caps', () => {
  it('are set, listed for everybody and lifted', async () => {
    const set = await operator('POST /v1/power-caps', { body: cap({ reason: '需求响应' }) });
    expect(set.status).toBe(201);
    const want = {
      site,
      from: '2026-11-23T10:00:00+08:00',
      until: '2026-11-23T12:00:00+08:00',
      watts: 300_000,
      reason: '需求响应',
    };
    expect(set.body).toMatchObject(want);
    const listed = await ask('GET /v1/power-caps', { key: api.keys.blue });
    expect(listed.body.items).toEqual([expect.objectContaining({ ...want, id: set.body.id })]);
    const params = { id: set.body.id };
    expect((await operator('DELETE /v1/power-caps/{id}', { params })).body).toEqual({ id: params.id, lifted: true });
    expect((await operator('DELETE /v1/power-caps/{id}', { params })).body).toMatchObject({
      status: 404,
      code: 'power-cap-unknown',
    });
    expect((await operator('GET /v1/power-caps')).body.items).toEqual([]);
  });

  it('no cap has a name that is no id', async () => {
    expect((await operator('DELETE /v1/power-caps/{id}', { params: { id: 'x' } })).status).toBe(404);
  });

  const faults: Record<string, { body: object; wantPointer: string; wantDetail: RegExp }> = {
    'a site that does not exist': {
      body: cap({ site: 'ezhou-yuekee' }),
      wantPointer: '#/site',
      wantDetail: /Did you mean "ezhou-yueke"/,
    },
    'an end before the beginning': {
      body: cap({ until: '2026-11-23T02:00:00Z' }),
      wantPointer: '#/until',
      wantDetail: /not after from/,
    },
    'an end that has passed': {
      body: cap({ from: '2026-11-22T00:00:00Z', until: '2026-11-23T01:00:00Z' }),
      wantPointer: '#/until',
      wantDetail: /has passed/,
    },
    'an end in two years': {
      body: cap({ until: '2028-11-23T02:00:00Z' }),
      wantPointer: '#/until',
      wantDetail: /366 days/,
    },
    'fewer than no watts': { body: cap({ watts: -1 }), wantPointer: '#/watts', wantDetail: />=0/ },
  };
  it.each(Object.entries(faults))('%s', async (_sentence, { body, wantPointer, wantDetail }) => {
    const answer = await operator('POST /v1/power-caps', { body });
    expect(answer.body).toMatchObject({ status: 422, code: 'request-invalid' });
    const fault = answer.body.errors.find((error: { pointer: string }) => error.pointer === wantPointer);
    expect(fault?.detail ?? answer.body.errors).toMatch(wantDetail);
  });
});

const reading = (named: object = {}) => ({
  kind: 'latency',
  fromDistrict: 'huarong',
  pool: site,
  oneWayMs: 0.9,
  method: 'twamp',
  ...named,
});
const faultyReadings: Record<string, { reading: object; wantCode?: string; wantPointer: string; wantDetail: RegExp }> =
  {
    'a district that does not exist': {
      reading: reading({ fromDistrict: 'huarongg' }),
      wantPointer: '#/readings/1/fromDistrict',
      wantDetail: /Did you mean "huarong"/,
    },
    'a pool that does not exist': {
      reading: reading({ pool: 'x' }),
      wantPointer: '#/readings/1/pool',
      wantDetail: /no pool "x"/,
    },
    'neither one way nor the round trip': {
      reading: reading({ oneWayMs: undefined }),
      wantPointer: '#/readings/1/oneWayMs',
      wantDetail: /either oneWayMs or rttMs/,
    },
    'both of them': {
      reading: reading({ rttMs: 1 }),
      wantPointer: '#/readings/1/oneWayMs',
      wantDetail: /either oneWayMs or rttMs/,
    },
    'no time at all': { reading: reading({ oneWayMs: 0 }), wantPointer: '#/readings/1/oneWayMs', wantDetail: />0/ },
    'a time to come': {
      reading: reading({ at: '2026-11-23T09:01:01+08:00' }),
      wantPointer: '#/readings/1/at',
      wantDetail: /ahead of service time/,
    },
    'a time too long ago': {
      reading: reading({ at: '2026-11-22T08:59:59+08:00' }),
      wantPointer: '#/readings/1/at',
      wantDetail: /more than 24 hours/,
    },
    'a reading of a meter': {
      reading: reading({ kind: 'meter' }),
      wantCode: 'not-offered',
      wantPointer: '#/readings/1/kind',
      wantDetail: /"meter" is not offered in this version/,
    },
    'a reading of nothing known': {
      reading: reading({ kind: 'mood' }),
      wantPointer: '#/readings/1/kind',
      wantDetail: /there is latency/,
    },
  };

describe('latency probes', () => {
  const send = (...readings: object[]) => operator('POST /v1/telemetry', { body: { readings } });
  const pool = async () => (await ask('GET /v1/pools/{id}', { key: api.keys.blue, params: { id: site } })).body;

  it('go before what is assumed, in what is shown and in what is admitted', async () => {
    expect((await pool()).latencyBasis).toEqual({});
    const limits = (maxLatencyMs: number) =>
      ask('POST /v1/jobs', {
        key: api.keys.blue,
        body: aBody({ constraints: { pools: [site], maxLatencyMs, fromDistrict: 'huarong' } }),
      });
    expect((await limits(0.3)).status).toBe(201);
    const taken = await send(
      reading(),
      reading({ oneWayMs: undefined, rttMs: 1.4 }),
      reading({ oneWayMs: 7, at: '2026-11-22T09:00:01+08:00' }),
    );
    expect([taken.status, taken.body]).toEqual([200, { accepted: 3 }]);
    expect(await pool()).toMatchObject({
      latencyOneWayMs: { huarong: 0.9, echeng: 0.44 },
      latencyBasis: { huarong: 'measured' },
    });
    await api.refresh();
    expect((await limits(0.3)).body).toMatchObject({ refusal: { code: 'latency-above-limit' } });
    expect((await limits(0.9)).status).toBe(201);
  });

  it.each(Object.entries(faultyReadings))('%s: none of the batch is taken', async (_sentence, c) => {
    const count = async () => (await api.system.query('select from latency_probe')).rowCount;
    const before = await count();
    const answer = await send(reading(), c.reading);
    expect(answer.body).toMatchObject({ status: 422, code: c.wantCode ?? 'request-invalid' });
    const fault = answer.body.errors.find((error: { pointer: string }) => error.pointer === c.wantPointer);
    expect(fault?.detail ?? answer.body.errors).toMatch(c.wantDetail);
    expect(await count()).toBe(before);
  });
});
