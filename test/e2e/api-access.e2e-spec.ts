import request from 'supertest';
import { anApiForAll } from './support/api-for-all.js';
import { blue } from './support/api-under-test.js';
import { aBody } from './support/client.js';

const { api, ask } = anApiForAll();

describe('a body that is none', () => {
  const raw = (type: string, text: string) =>
    request(api.url)
      .post('/v1/jobs')
      .set({ Authorization: `Bearer ${api.keys.blue}`, 'Content-Type': type })
      .send(text);
  const cases: Record<
    string,
    { type?: string; text: string; wantStatus: number; wantCode: string; wantDetail: RegExp }
  > = {
    'malformed JSON is told with its position': {
      text: '{"name": "a",\n "class": }',
      wantStatus: 400,
      wantCode: 'body-malformed',
      wantDetail: /line 2, column 11 \(character 24\)/,
    },
    'JSON that breaks off': {
      text: '{"name": "a"',
      wantStatus: 400,
      wantCode: 'body-malformed',
      wantDetail: /the text ends/,
    },
    nothing: { text: ' ', wantStatus: 400, wantCode: 'body-missing', wantDetail: /empty/ },
    'more than 1 MB': {
      text: JSON.stringify({ name: 'x'.repeat(1_100_000) }),
      wantStatus: 413,
      wantCode: 'body-too-large',
      wantDetail: /1 MB/,
    },
    'another content type': {
      type: 'application/x-www-form-urlencoded',
      text: 'name=a',
      wantStatus: 415,
      wantCode: 'media-type-unsupported',
      wantDetail: /application\/json/,
    },
    'JSON nested 100,000 deep': {
      text: `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      wantStatus: 400,
      wantCode: 'body-unsafe',
      wantDetail: /32 levels/,
    },
    'a key that would change prototypes': {
      text: '{"run": {"environment": {"__proto__": "x"}}}',
      wantStatus: 400,
      wantCode: 'body-unsafe',
      wantDetail: /not a name/,
    },
    'a NUL character': {
      text: '{"run": {"script": "a\\u0000b"}}',
      wantStatus: 400,
      wantCode: 'body-unsafe',
      wantDetail: /NUL/,
    },
    'a lone surrogate': {
      text: '{"run": {"script": "\\ud800"}}',
      wantStatus: 400,
      wantCode: 'body-unsafe',
      wantDetail: /surrogate/,
    },
  };
  it.each(Object.entries(cases))('%s', async (_sentence, c) => {
    const answer = await raw(c.type ?? 'application/json', c.text);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status: c.wantStatus, code: c.wantCode });
    expect(answer.body.detail).toMatch(c.wantDetail);
    expect(answer.body.trace_id).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('text that means something elsewhere', () => {
  it.each(['=cmd|calc', `'; drop table job; --`, '\u202eright to left', '🚀'.repeat(50), '<script>alert(1)</script>'])(
    'is kept as it is: %s',
    async (name) => {
      const { body } = await ask('POST /v1/jobs', { key: api.keys.blue, body: aBody({ name }) });
      const shown = await ask('GET /v1/jobs/{id}', { key: api.keys.blue, params: { id: body.id } });
      expect(shown.body.name).toBe(name);
    },
  );
});

describe('a key', () => {
  const jobs = (key?: string) => ask('GET /v1/jobs', { key });
  it('is needed, and how is said', async () => {
    const answer = await jobs();
    expect(answer).toMatchObject({ status: 401, body: { code: 'key-missing' } });
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="chusuan"');
  });
  it('that nobody made is unknown', async () =>
    expect(await jobs('nonsense')).toMatchObject({ status: 401, body: { code: 'key-unknown' } }));
  it('that has expired says so', async () => {
    const { key } = await api.newKey('tenant', blue, Date.now() - 1000);
    expect(await jobs(key)).toMatchObject({ status: 401, body: { code: 'key-expired' } });
  });
  it('that was revoked is refused at once', async () => {
    const { key, id } = await api.newKey('tenant', blue);
    expect((await jobs(key)).status).toBe(200);
    await api.api.keys.revoke(id);
    expect(await jobs(key)).toMatchObject({ status: 401, body: { code: 'key-revoked' } });
  });
  it('of a planner or an auditor submits nothing and cancels nothing', async () => {
    for (const key of [api.keys.planner, api.keys.auditor]) {
      expect(await ask('POST /v1/jobs', { key, body: aBody() })).toMatchObject({
        status: 403,
        body: { code: 'role-forbidden', allowed: ['tenant', 'operator'] },
      });
    }
  });
  it('of an operator covers several tenants and must name one', async () => {
    const answer = await ask('POST /v1/jobs', { key: api.keys.operator, body: aBody() });
    expect(answer.body).toMatchObject({ code: 'tenant-needed', errors: [{ pointer: '#/tenant' }] });
    expect((await ask('POST /v1/jobs', { key: api.keys.operator, body: aBody({ tenant: blue }) })).body).toMatchObject({
      tenant: blue,
    });
  });
  it('of a tenant changes no node', async () => {
    const answer = await ask('PATCH /v1/nodes/{id}', {
      key: api.keys.blue,
      params: { id: 'x' },
      body: { state: 'drained' },
    });
    expect(answer).toMatchObject({ status: 403, body: { code: 'role-forbidden' } });
  });
});

describe('an address', () => {
  const get = (path: string) => request(api.url).get(path).set('Authorization', `Bearer ${api.keys.blue}`);
  it('of no route is a problem', async () =>
    expect((await get('/v1/nothing')).body).toMatchObject({ status: 404, code: 'route-unknown' }));
  it('asked with another method tells which it takes', async () => {
    const answer = await request(api.url).delete('/v1/jobs');
    expect(answer).toMatchObject({ status: 405, body: { code: 'method-not-allowed' } });
    expect(answer.headers['allow']).toBe('GET, HEAD, POST');
  });
  it('that cannot be decoded is a problem', async () =>
    expect((await get('/v1/jobs/%zz')).body).toMatchObject({ status: 400, code: 'url-malformed' }));
  it('with a very long parameter is a problem', async () =>
    expect((await get(`/v1/jobs/${'a'.repeat(300)}`)).body).toMatchObject({ status: 414, code: 'url-too-long' }));
  it('with a NUL in an id finds nothing', async () => {
    for (const path of [
      '/v1/jobs/%00',
      '/v1/pools/%00',
      '/v1/pools/%00/nodes',
      '/v1/nodes/%00',
      '/v1/tenants/%00',
      '/v1/tenants/%00/usage',
      '/v1/tenants/%00/share',
      '/v1/tenants/%00/quota',
    ]) {
      expect((await get(path)).status).toBe(404);
    }
  });
  it('with an unknown parameter names the one that was meant', async () => {
    const answer = await ask('GET /v1/jobs', { key: api.keys.blue, query: { stat: 'queued', limit: 201 } });
    expect(answer.body.errors).toEqual(
      expect.arrayContaining([
        { parameter: 'stat', detail: 'unknown field; did you mean "state"?' },
        expect.objectContaining({ parameter: 'limit' }),
      ]),
    );
  });
  it('with a stretch that ends before it begins is a fault', async () => {
    const answer = await ask('GET /v1/energy/settlements', {
      key: api.keys.blue,
      query: { from: '2026-11-23T00:00:00Z', until: '2026-11-22T00:00:00Z' },
    });
    expect(answer.body).toMatchObject({ code: 'query-invalid', errors: [{ parameter: 'from' }] });
  });
});

describe('problems', () => {
  it('have titles in the language that is asked for, and a page', async () => {
    const zh = await request(api.url).get('/v1/jobs').set('Accept-Language', 'zh-CN,zh;q=0.9,en;q=0.8');
    expect(zh.body.title).toBe('缺少 API 密钥');
    expect(zh.headers['content-language']).toBe('zh');
    const page = await request(api.url).get(zh.body.type);
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.text).toContain('缺少 API 密钥');
    expect((await request(api.url).get('/problems/nothing')).body).toMatchObject({ code: 'problem-unknown' });
  });
  it('carry the trace id that the caller brought', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const answer = await request(api.url).get('/v1/jobs').set('traceparent', `00-${traceId}-00f067aa0ba902b7-01`);
    expect(answer.body.trace_id).toBe(traceId);
    expect(answer.headers['x-request-id']).toBe(traceId);
  });
  it('never come with a stack or an unforeseen error in all of these tests', () => {
    expect(api.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });
});
