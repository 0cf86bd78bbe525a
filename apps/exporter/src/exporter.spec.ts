import { aPoolView, FixedSources, ProcessInstruments } from '#libs/metrics';
import { createExporter, type Exporter, type ExporterSettings } from './index.js';

const build = { version: '1.2.3', revision: 'abc', nodeVersion: 'v24' };
const opened: Exporter[] = [];
afterEach(async () => {
  for (const exporter of opened.splice(0)) await exporter.close();
});

async function running(sources: FixedSources | null, settings: Partial<ExporterSettings> = {}) {
  const counters = (sources ?? new FixedSources()).counters;
  const instruments = new ProcessInstruments({ counters, build });
  const logger = { log: () => undefined, warn: () => undefined, error: () => undefined };
  const exporter = await createExporter({
    readers: sources,
    instruments,
    settings: { port: 0, refreshMs: 60_000, ...settings },
    logger,
  });
  opened.push(exporter);
  await exporter.listen();
  const url = await exporter.url();
  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${url}${path}`, { headers });
  return { exporter, instruments, get };
}

/** The first refresh is started by listening and not waited for. */
async function untilReady(get: (path: string) => Promise<Response>): Promise<void> {
  while ((await get('/readyz')).status !== 200) await new Promise((resolve) => setImmediate(resolve));
}

describe('the exporter', () => {
  it('serves what the readers tell, as text', async () => {
    const { get } = await running(new FixedSources({ pools: [aPoolView('yueke')], lease: { holder: 'a', epoch: 3 } }));
    await untilReady(get);
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const body = await response.text();
    expect(body).toContain('chusuan_scheduler_fencing_token 3\n');
    expect(body).toContain('chusuan_pool_info{pool="yueke"');
    expect(body).toContain('chusuan_build_info{version="1.2.3",revision="abc",node_version="v24"} 1\n');
  });

  it('serves OpenMetrics to a scraper that asks for it', async () => {
    const { get } = await running(new FixedSources());
    const response = await get('/metrics', { accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' });
    expect(response.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(await response.text()).toMatch(/# EOF\n$/);
  });

  it('shows a process alone where there are no readers', async () => {
    const { get, instruments } = await running(null);
    instruments.http.rejected('rate');
    const body = await (await get('/metrics')).text();
    expect(body).toContain('chusuan_http_rejected_total{reason="rate"} 1\n');
    expect(body).not.toContain('chusuan_pool_info');
  });

  const doors: Record<string, { authorization?: string; wantStatus: number }> = {
    'the token opens it': { authorization: 'Bearer scrape-me', wantStatus: 200 },
    'nothing does not': { wantStatus: 401 },
    "a tenant's API key does not": { authorization: 'Bearer chs_tenant_key', wantStatus: 401 },
    'the token under another scheme does not': { authorization: 'Basic scrape-me', wantStatus: 401 },
  };
  it.each(Object.entries(doors))('with a token set: %s', async (_sentence, { authorization, wantStatus }) => {
    const { get } = await running(new FixedSources(), { token: 'scrape-me' });
    const response = await get('/metrics', authorization === undefined ? {} : { authorization });
    expect(response.status).toBe(wantStatus);
    expect((await response.text()).includes('scrape-me')).toBe(false);
    expect((await get('/healthz')).status).toBe(200);
  });

  it('answers every other path with 404', async () => {
    const { get } = await running(new FixedSources());
    expect((await get('/v1/jobs')).status).toBe(404);
  });
});

describe('the refresh of the exporter', () => {
  it('makes it ready when the first one is over, alive before', async () => {
    const sources = new FixedSources();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const clock = sources.clock.bind(sources);
    sources.clock = async () => {
      await held;
      return clock();
    };
    const { get } = await running(sources);
    expect((await get('/readyz')).status).toBe(503);
    expect((await get('/healthz')).status).toBe(200);
    release();
    await untilReady(get);
  });

  it('runs one at a time, however often the timer fires', async () => {
    const sources = new FixedSources();
    const { metrics } = sources;
    let inside = 0;
    let most = 0;
    let rounds = 0;
    const lease = async () => {
      inside += 1;
      rounds += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside -= 1;
      return { holder: 'a', epoch: rounds };
    };
    Object.defineProperty(sources, 'metrics', {
      value: new Proxy(metrics, { get: (target, name) => (name === 'lease' ? lease : Reflect.get(target, name)) }),
    });
    const { get } = await running(sources, { refreshMs: 1 });
    while (rounds < 3) await get('/healthz');
    expect(most).toBe(1);
  });

  it('hands over the last counts at the close', async () => {
    const sources = new FixedSources();
    const { exporter, instruments, get } = await running(sources);
    await untilReady(get);
    instruments.scheduler.decided('placed', 4);
    await exporter.close();
    expect([...sources.table.values()].map(({ value }) => value)).toEqual([4]);
  });
});
