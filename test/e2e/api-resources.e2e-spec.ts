import request, { type Response } from 'supertest';
import type { Engine } from '#libs/application';
import { runWork } from '#libs/testing';
import { anApiForAll } from './support/api-for-all.js';
import { blue, testNow } from './support/api-under-test.js';
import { aBody } from './support/client.js';

const pool = 'ezhou-yueke';
const group = 'ezhou-yueke-atlas-800t-a2';

/** Keeps the output of one attempt. */
const engineWithOutput = (attemptId: () => string): Engine =>
  ({
    logs: async (asked: string) => (asked === attemptId() ? { stdout: 'epoch 1\n', stderr: 'warn\n' } : null),
  }) as unknown as Engine;

let running: Awaited<ReturnType<typeof runWork>>;
const { api, ask } = anApiForAll({ engine: (id) => (id === pool ? engineWithOutput(() => running.attemptId) : null) });
beforeAll(async () => {
  running = await runWork(api.system, {
    tenantId: blue,
    poolId: pool,
    groupId: group,
    placedAt: testNow - 60_000,
    perNode: { cards: 8, cores: 32, memoryGiB: 128 },
  });
  await api.refresh();
});

const submitted = async (named = {}): Promise<string> =>
  (await ask('POST /v1/jobs', { key: api.keys.blue, body: aBody(named) })).body.id;

describe('jobs', () => {
  it('are queued, and shown as they were accepted, with what they left open filled in', async () => {
    const constraints = {
      earliestStart: '2026-11-23T02:00:00Z',
      deadline: '2026-11-24T10:00:00+08:00',
      minGreenShare: 0.5,
      dataSite: 'ezhou-yueke',
    };
    const inputs = [{ dataset: 'cryo-em', site: 'ezhou-yueke', sizeGiB: 120.5, dataLevel: 'general' }];
    const answer = await ask('POST /v1/jobs', {
      key: api.keys.blue,
      body: aBody({
        constraints,
        inputs,
        resources: { nodes: { min: 2, max: 4 }, acceleratorsPerNode: 8 },
        labels: { team: '结构' },
      }),
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['location']).toBe(`/v1/jobs/${answer.body.id}`);
    const shown = await ask('GET /v1/jobs/{id}', { key: api.keys.blue, params: { id: answer.body.id } });
    expect(shown.body).toMatchObject({
      id: answer.body.id,
      tenant: blue,
      state: 'queued',
      submittedAt: '2026-11-23T09:00:00+08:00',
      sample: false,
      placement: null,
      request: {
        constraints: {
          earliestStart: '2026-11-23T10:00:00+08:00',
          deadline: '2026-11-24T10:00:00+08:00',
          fromDistrict: 'echeng',
          dataLevel: 'general',
          dataSite: 'ezhou-yueke',
          minGreenShare: 0.5,
        },
        inputs,
        resources: { nodes: 2, nodesMax: 4, cpuCoresPerNode: 32, memoryGiBPerNode: 128 },
        labels: { team: '结构' },
      },
    });
    expect(shown.body.notes).toEqual([]);
  });

  it('are listed by state, pool and class', async () => {
    const queued = await submitted({ class: 'inference' });
    const byState = await ask('GET /v1/jobs', { key: api.keys.blue, query: { state: 'running', pool } });
    expect(byState.body.items.map((job: { id: string }) => job.id)).toEqual([running.jobId]);
    expect(byState.body.items[0]).toMatchObject({
      simulated: true,
      placement: { pool, nodes: [expect.any(String)], simulated: true },
    });
    const byClass = await ask('GET /v1/jobs', { key: api.keys.blue, query: { class: 'inference' } });
    expect(byClass.body.items.map((job: { id: string }) => job.id)).toEqual([queued]);
  });

  it('are cancelled at once while they wait, through their engine while they run, and safely twice', async () => {
    const id = await submitted();
    const cancel = (of: string) => ask('POST /v1/jobs/{id}/cancel', { key: api.keys.blue, params: { id: of } });
    expect(await cancel(id)).toMatchObject({ status: 200, body: { id, state: 'cancelled' } });
    expect(await cancel(id)).toMatchObject({ status: 200, body: { id, state: 'cancelled' } });
    const other = await runWork(api.system, {
      tenantId: blue,
      poolId: pool,
      groupId: group,
      nodeIndices: [1],
      placedAt: testNow,
      perNode: { cards: 8, cores: 32, memoryGiB: 128 },
    });
    expect(await cancel(other.jobId)).toMatchObject({ status: 202, body: { state: 'cancelling' } });
    await api.system.query(`update job set state = 'completed' where id = $1`, [other.jobId]);
    expect(await cancel(other.jobId)).toMatchObject({ status: 409, body: { code: 'job-over', state: 'completed' } });
  });
});

describe('what a job runs, writes and waits for', () => {
  it('is hidden from planners, and shown to operators', async () => {
    const id = await submitted({ run: { script: 'echo secret', environment: { TOKEN: 'x' } } });
    const seen = async (key: string) => (await ask('GET /v1/jobs/{id}', { key, params: { id } })).body.request.run;
    expect(await seen(api.keys.planner)).toEqual({ withheld: true });
    expect(await seen(api.keys.operator)).toMatchObject({ script: 'echo secret' });
  });

  it('is output where the engine keeps it, and a problem where not', async () => {
    const logs = (id: string) => ask('GET /v1/jobs/{id}/logs', { key: api.keys.blue, params: { id } });
    expect((await logs(running.jobId)).body).toEqual({
      attemptId: running.attemptId,
      pool,
      stdout: 'epoch 1\n',
      stderr: 'warn\n',
    });
    expect(await logs(await submitted())).toMatchObject({ status: 404, body: { code: 'logs-not-kept' } });
  });

  it('is explained in Chinese and English, in words and numbers', async () => {
    const id = await submitted();
    const explain = async () =>
      (await ask('GET /v1/jobs/{id}/explanation', { key: api.keys.blue, params: { id } })).body;
    expect(await explain()).toMatchObject({
      state: 'queued',
      refusal: null,
      evidence: null,
      asOf: '2026-11-23T09:00:00+08:00',
    });
    const evidence = {
      nodesConsidered: 64,
      filteredBy: { 'stack-mismatch': 4 },
      best: { groupId: group, freeNodes: 0, askedNodes: 1 },
      ahead: 3,
    };
    await api.system.query(
      `insert into job_verdict (job_id, tenant_id, refusal, estimated_start, basis, pool_id, evidence, cycle, decided_at)
       values ($1, $2, 'no-free-accelerators', '2026-11-23T03:00:00Z', 'reservation', $3, $4, 7, '2026-11-23T00:59:00Z')`,
      [id, blue, pool, JSON.stringify(evidence)],
    );
    expect(await explain()).toMatchObject({
      asOf: '2026-11-23T08:59:00+08:00',
      refusal: { code: 'no-free-accelerators', wokenBy: 'node-freed', final: false },
      evidence: { nodesConsidered: 64, ahead: 3, filteredBy: [{ refusal: 'stack-mismatch', nodes: 4 }] },
      estimatedStart: '2026-11-23T11:00:00+08:00',
      basis: 'reservation',
      text: { zh: expect.stringContaining('空闲加速卡不足'), en: expect.stringContaining('2026-11-23T11:00:00+08:00') },
    });
  });
});

describe('events', () => {
  it('are a list for who asks for JSON', async () => {
    const answer = await ask('GET /v1/jobs/{id}/events', { key: api.keys.blue, params: { id: running.jobId } });
    expect(answer.body.items[0]).toMatchObject({ kind: 'submitted', detail: { channel: expect.any(String) } });
  });

  it('stream what was and what comes, and end with the job', async () => {
    const id = await submitted();
    const stream = request(api.url)
      .get(`/v1/jobs/${id}/events`)
      .set('Authorization', `Bearer ${api.keys.blue}`)
      .buffer(true)
      .parse(asText);
    const reading = stream.then((answer) => answer);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await ask('POST /v1/jobs/{id}/cancel', { key: api.keys.blue, params: { id } });
    const answer = await reading;
    expect(answer.headers['content-type']).toContain('text/event-stream');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    const kinds = [...String(answer.body).matchAll(/^event: (.*)$/gm)].map(([, kind]) => kind);
    expect(kinds).toEqual(['submitted', 'cancelled', 'end']);
    const last = [...String(answer.body).matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '';
    const resumed = await request(api.url)
      .get(`/v1/jobs/${id}/events`)
      .set({ Authorization: `Bearer ${api.keys.blue}`, 'Last-Event-ID': last });
    expect(resumed.text).toBe('event: end\ndata: {"state":"cancelled"}\n\n');
  });

  it('stop when the key is revoked in between', async () => {
    const { key, id: keyId } = await api.newKey('tenant', blue);
    const reading = request(api.url)
      .get(`/v1/jobs/${await submitted()}/events`)
      .set('Authorization', `Bearer ${key}`)
      .buffer(true)
      .parse(asText)
      .then((answer) => String(answer.body));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await api.api.keys.revoke(keyId);
    expect(await reading).toContain('event: problem\ndata: {"code":"key-revoked"');
  });
});

describe('quotes', () => {
  it('tell start, cost, energy, carbon and green share by pool, and what rests on assumptions', async () => {
    const answer = await ask('POST /v1/quotes', { key: api.keys.blue, body: aBody() });
    expect(answer.status).toBe(200);
    const yueke = answer.body.options.find((option: { pool: string }) => option.pool === pool);
    expect(yueke).toMatchObject({
      refusal: null,
      simulated: true,
      assumed: true,
      poolName: { zh: '悦科主力算力节点' },
    });
    expect(yueke.energyKwh).toBeGreaterThan(0);
    expect(Number(yueke.costYuan)).toBeGreaterThan(0);
    expect(yueke.assumptions[0]).toMatchObject({ id: expect.stringMatching(/^A-/), text: { zh: expect.any(String) } });
    expect(answer.body.options.some((option: { refusal: unknown }) => option.refusal !== null)).toBe(true);
  });
});

describe('pools, nodes, tenants, energy', () => {
  it('show each pool with its figures and what they rest on', async () => {
    const answer = await ask('GET /v1/pools', { key: api.keys.green });
    expect(answer.body.items.length).toBeGreaterThanOrEqual(12);
    const one = await ask('GET /v1/pools/{id}', { key: api.keys.green, params: { id: pool } });
    expect(one.body).toMatchObject({
      id: pool,
      assumed: true,
      simulated: true,
      location: { district: expect.any(String) },
    });
    expect(
      Object.values(one.body.figures as Record<string, { assumption?: { id: string } }>).some((it) => it.assumption),
    ).toBe(true);
  });

  it('drain a node for an operator, with the reason, and take it back', async () => {
    const params = { id: `${group}-0005` };
    const change = (state: string, reason?: string) =>
      ask('PATCH /v1/nodes/{id}', { key: api.keys.operator, params, body: { state, reason } });
    expect((await change('drained', 'fan')).body).toMatchObject({
      state: 'drained',
      stateReason: 'fan',
      previousState: 'up',
    });
    expect((await ask('GET /v1/nodes/{id}', { key: api.keys.blue, params })).body).toMatchObject({ state: 'drained' });
    expect((await change('up')).body).toMatchObject({ state: 'up', previousState: 'drained' });
  });

  it('show the tenants and the use of those the key covers', async () => {
    const tenants = await ask('GET /v1/tenants', { key: api.keys.blue });
    expect(tenants.body.items).toMatchObject([{ id: blue, sample: true, assumed: true }]);
    expect((await ask('GET /v1/tenants', { key: api.keys.auditor })).body.items.length).toBeGreaterThan(10);
    const usage = await ask('GET /v1/tenants/{id}/usage', { key: api.keys.blue, params: { id: blue } });
    expect(usage.body).toMatchObject({ tenant: blue, settledUntil: null, costYuan: '0', sample: true });
  });

  it('show settled hours, what they cost, and two green shares that are never added', async () => {
    const hour = testNow - 3_600_000;
    await api.settle(pool, hour);
    const answer = await ask('GET /v1/energy/settlements', {
      key: api.keys.green,
      query: { pool, from: '2026-11-23T08:00:00+08:00' },
    });
    expect(answer.body.items).toMatchObject([
      { pool, hour: '2026-11-23T08:00:00+08:00', estimated: true, assumed: true },
    ]);
    const [{ facilityEnergyKwh, energyKwhBySource, greenShare, costYuan }] = answer.body.items;
    const bySource = Object.values(energyKwhBySource as Record<string, number>).reduce((sum, kwh) => sum + kwh, 0);
    expect(bySource).toBeCloseTo(facilityEnergyKwh, 6);
    expect(greenShare.hourMatched).toBeGreaterThanOrEqual(0);
    expect(greenShare.hourMatched).toBeLessThanOrEqual(1);
    expect(Number(costYuan)).toBeGreaterThan(0);
    expect(answer.body.assumptions.length).toBeGreaterThan(0);
    const usage = await ask('GET /v1/tenants/{id}/usage', { key: api.keys.blue, params: { id: blue } });
    expect(usage.body.cardHours).toBeCloseTo(8 / 60, 6);
    expect(usage.body.byPool).toMatchObject([{ pool }]);
    expect(usage.body.assumed).toBe(true);
  });

  it('tell the clock and what is sample or simulated', async () => {
    const answer = await ask('GET /v1/clock', { key: api.keys.blue });
    expect(answer.body).toMatchObject({ now: '2026-11-23T09:00:00+08:00', rate: 1, timezone: 'Asia/Shanghai' });
    expect(answer.body.notices.map((notice: { en: string }) => notice.en).join()).toMatch(/samples.*simulated/s);
    expect(answer.headers['chusuan-clock-rate']).toBeUndefined();
  });
});

/** Superagent's types call the raw stream a Response. */
function asText(raw: Response, done: (error: Error | null, body: unknown) => void): void {
  const response = raw as unknown as NodeJS.ReadableStream;
  let text = '';
  response.on('data', (chunk: Buffer) => (text += chunk.toString()));
  response.on('end', () => done(null, text));
  response.on('error', (error) => done(error, text));
}
