import { connect } from 'node:net';
import { freshDatabase } from '#libs/testing';
import request from 'supertest';
import { type ApiUnderTest, type Wishes, anApi, blue } from './support/api-under-test.js';
import { type Ask, aBody, asking, contractOf } from './support/client.js';
import type { Contract } from './support/contract.js';
import { CutLine } from './support/cut-line.js';

/** What a test opened is closed after it, also when it failed: an open server keeps the whole run from ending. */
const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});
async function oneApi(wishes: Wishes = {}): Promise<ApiUnderTest> {
  const api = await anApi(wishes);
  opened.push(() => api.close());
  return api;
}

describe('the contract', () => {
  let api: ApiUnderTest;
  let contract: Contract;
  let ask: Ask;
  beforeAll(async () => {
    api = await anApi({ rate: 60 });
    contract = await contractOf(api);
    ask = asking(api, contract);
  });
  afterAll(() => api.close());

  it('is OpenAPI 3.1 and has every route that the service takes', () => {
    expect(contract.document.openapi).toBe('3.1.0');
    const routes: string[] = api.api.app
      .getHttpAdapter()
      .getInstance()
      .printRoutes({ commonPrefix: false })
      .split('\n')
      .flatMap(routesIn);
    const documented = new Set(contract.operations);
    const own = routes.filter((route) => !/^(HEAD|OPTIONS) /.test(route) && !/ \/(docs|openapi\.json)/.test(route));
    expect(own.length).toBeGreaterThan(20);
    expect(own.filter((route) => !documented.has(route))).toEqual([]);
  });

  it('names the schema of every JSON answer, and a page for every problem it tells', async () => {
    const operations = Object.values(contract.document.paths).flatMap((item) =>
      Object.values(item as Record<string, { responses: Record<string, { description: string; content?: object }> }>),
    );
    const answers = operations.flatMap((operation) => Object.values(operation.responses));
    expect(answers.filter((answer) => !answer.content)).toEqual([]);
    const codes = new Set(
      answers.flatMap((answer) => [...answer.description.matchAll(/`([a-z-]+)`:/g)].map(([, code]) => code)),
    );
    expect(codes.size).toBeGreaterThan(20);
    for (const code of codes) expect((await request(api.url).get(`/problems/${code}`)).status).toBe(200);
  });

  it('is shown on a page made of local files only', async () => {
    const page = await request(api.url).get('/docs').expect(200);
    expect(page.text).not.toMatch(/https?:/);
    expect(page.headers['content-security-policy']).toContain("connect-src 'self'");
    const files = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, file]) => file ?? '');
    expect(files).toHaveLength(6);
    for (const file of files) expect((await request(api.url).get(file)).status).toBe(200);
  });

  it('holds for the front page, health and readiness', async () => {
    expect((await ask('GET /')).body.links).toMatchObject({ documentation: '/docs', jobs: '/v1/jobs' });
    expect((await ask('GET /healthz')).body.status).toBe('alive');
    expect((await ask('GET /readyz')).body).toEqual({
      status: 'ready',
      checks: [{ name: 'database', ok: true, detail: null }],
    });
  });

  it('tells a clock that does not run as the wall does on every answer', async () => {
    const answer = await ask('GET /v1/clock', { key: api.keys.blue });
    expect(answer.headers['chusuan-clock-rate']).toBe('60');
    expect(answer.body).toMatchObject({
      rate: 60,
      notices: expect.arrayContaining([expect.objectContaining({ zh: expect.stringContaining('60 倍速') })]),
    });
    expect((await ask('GET /v1/jobs')).headers['chusuan-clock-rate']).toBe('60');
  });
});

describe('a key that asks too often', () => {
  it('is told when to come back, and no other key is', async () => {
    const api = await oneApi({ rateLimit: { perSecond: 0.1, burst: 3 } });
    const ask = asking(api, await contractOf(api));
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) statuses.push((await ask('GET /v1/jobs', { key: api.keys.blue })).status);
    const refused = await ask('GET /v1/jobs', { key: api.keys.blue });
    expect(statuses).toEqual([200, 200, 200]);
    expect(refused).toMatchObject({ status: 429, body: { code: 'too-many-requests' } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused.headers['ratelimit-policy']).toBe('"key";q=3;w=30');
    expect(refused.headers['ratelimit']).toMatch(/^"key";r=0;t=\d+$/);
    expect((await ask('GET /v1/jobs', { key: api.keys.green })).status).toBe(200);
  });
});

describe('a database that dies', () => {
  it('is a problem that says when to come back, and is forgotten when it is there again', async () => {
    const database = await freshDatabase();
    const { hostname, port } = new URL(database.url);
    const line = new CutLine({ host: hostname, port: Number(port) });
    opened.push(() => line.cut());
    const near = await line.mend();
    const api = await oneApi({ database, apiUrl: (url) => url.replace(`${hostname}:${port}`, `127.0.0.1:${near}`) });
    const ask = asking(api, await contractOf(api));
    const submit = () =>
      ask('POST /v1/jobs', { key: api.keys.blue, body: aBody(), headers: { 'Idempotency-Key': 'over the cut' } });
    const first = await submit();
    await line.cut();
    const refused = await submit();
    expect(refused).toMatchObject({ status: 503, body: { code: 'database-unavailable' } });
    expect(refused.headers['retry-after']).toBe('2');
    expect(await ask('GET /readyz')).toMatchObject({
      status: 503,
      body: { status: 'not-ready', checks: [{ name: 'database', ok: false }] },
    });
    expect((await ask('GET /healthz')).status).toBe(200);
    await line.mend();
    expect(await submit()).toMatchObject({ status: 201, body: { id: first.body.id } });
    expect((await ask('GET /readyz')).status).toBe(200);
    expect(api.logLines.join('')).not.toContain(api.keys.blue);
  });
});

describe('the port', () => {
  it('that is taken is named, with the setting that changes it', async () => {
    const [one, other] = [await oneApi(), await oneApi({ listens: false })];
    const port = Number(new URL(one.url).port);
    await expect(other.api.listen(port, '127.0.0.1')).rejects.toThrow(
      new RegExp(`port ${port} on 127\\.0\\.0\\.1 is taken.*CHUSUAN_HTTP_PORT`),
    );
  });
});

describe('closing', () => {
  it('ends event streams and lets go of idle connections', async () => {
    const api = await anApi();
    const { id } = (
      await request(api.url)
        .post('/v1/jobs')
        .set('Authorization', `Bearer ${api.keys.blue}`)
        .send(aBody({ tenant: blue }))
    ).body;
    const stream = await fetch(`${api.url}/v1/jobs/${id}/events`, {
      headers: { Authorization: `Bearer ${api.keys.blue}` },
    });
    const reading = stream.text();
    await api.close();
    expect(await reading).toContain('event: submitted');
    await expect(fetch(`${api.url}/healthz`)).rejects.toThrow();
  });
});

describe('what is no HTTP', () => {
  it('is answered with a problem and hung up on', async () => {
    const api = await oneApi();
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.write('HELO\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 'url-malformed', status: 400 });
  });
});

/** A line of Fastify's route listing, `… /v1/jobs/:id (GET, HEAD)`, as `GET /v1/jobs/{id}`. */
let prefix: string[] = [];
function routesIn(line: string): string[] {
  const match = /^([│ ]*)[├└]── (\S+)(?: \((.*)\))?/.exec(line);
  if (!match) return [];
  const depth = (match[1] ?? '').length / 4;
  prefix = [...prefix.slice(0, depth), match[2] ?? ''];
  const path = prefix.join('').replaceAll(/:(\w+)/g, '{$1}');
  return (match[3] ?? '')
    .split(', ')
    .filter(Boolean)
    .map((method) => `${method} ${path}`);
}
