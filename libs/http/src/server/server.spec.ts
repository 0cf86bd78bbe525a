import { JsonLog } from './json-log.js';
import { runChecks } from './readiness.js';
import { RouteTable } from './route-table.js';
import { traceIdOf } from '../requests/trace.js';

describe('the route table', () => {
  const routes = new RouteTable();
  routes.add('GET', '/v1/jobs/:id');
  routes.add(['POST'], '/v1/jobs/:id/cancel');
  routes.add('GET', '/docs/*');
  routes.add('GET', '/openapi.json');
  it.each([
    ['/v1/jobs/7', ['GET']],
    ['/v1/jobs/7/cancel', ['POST']],
    ['/v1/jobs/', []],
    ['/v1/jobs/7/other', []],
    ['/docs/a/b', ['GET']],
    ['/openapiXjson', []],
  ])('%s takes %j', (path, want) => expect(routes.methodsOf(path)).toEqual(want));
});

describe('readiness', () => {
  it('is there when every check is, and names those that are not', async () => {
    const fine = { name: 'fine', check: async () => null };
    const bad = { name: 'bad', check: async () => 'two migrations are missing' };
    const thrown = { name: 'thrown', check: () => Promise.reject(new Error('refused')) };
    expect(await runChecks([fine])).toEqual({ ready: true, checks: [{ name: 'fine', ok: true, detail: null }] });
    expect(await runChecks([fine, bad, thrown])).toEqual({
      ready: false,
      checks: [
        { name: 'fine', ok: true, detail: null },
        { name: 'bad', ok: false, detail: 'two migrations are missing' },
        { name: 'thrown', ok: false, detail: 'refused' },
      ],
    });
  });
});

describe('log lines', () => {
  it('are one JSON object each, whatever is in them, and only from the threshold up', () => {
    const lines: string[] = [];
    const log = new JsonLog('warn', (line) => void lines.push(line));
    log.notice('info', 'not told');
    log.notice('warn', 'two\nlines', { path: '/a"b' });
    log.fault('broke', new Error('why'));
    expect(lines).toHaveLength(2);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'warn', message: 'two\nlines' },
      { level: 'error', error: 'why', stack: expect.any(String) },
    ]);
    expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
  });
});

describe('trace ids', () => {
  it('are those of a valid traceparent, else new ones', () => {
    const given = '4bf92f3577b34da6a3ce929d0e0e4736';
    expect(traceIdOf({ traceparent: `00-${given}-00f067aa0ba902b7-01` })).toBe(given);
    for (const bad of ['', 'x', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, `00-${given}-1-01`]) {
      expect(traceIdOf({ traceparent: bad })).toMatch(/^[0-9a-f]{32}$/);
      expect(traceIdOf({ traceparent: bad })).not.toBe(given);
    }
  });
});
