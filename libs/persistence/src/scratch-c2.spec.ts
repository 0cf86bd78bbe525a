import { aGroup, aNewJob, aPool, aTenant, insertRows, tenantKey, operatorKey } from '#libs/testing';
import { PostgresBulkSubmit } from './bulk-submit.js';
import { openDatabase } from './database.js';
import { startEmbeddedPostgres } from './embedded-postgres.js';
import { migrate } from './migrate.js';
import { PostgresJobStore } from './job-store.js';
import { PostgresPlannerFeed } from './planner-feed.js';
it('bench', async () => {
  const pg = await startEmbeddedPostgres({ dataDir: '/tmp/c2/pg/data' } as never);
  await migrate(pg.url);
  const system = openDatabase(pg.url, { role: 'chusuan_system', max: 4 });
  const app = openDatabase(pg.url, { role: 'chusuan_app', max: 32 });
  await insertRows(system, { tenants: Array.from({length: 28}, (_, i) => aTenant(i === 0 ? 'blue' : `t${i}`)), pools: Array.from({length: 40}, (_, i) => aPool(`p${i}`, { groups: [aGroup(`p${i}-a`, { nodes: 250 })] })) });
  const out: string[] = [];
  const store = new PostgresJobStore(app); const blue = tenantKey('blue');
  for (const N of [2000, 6000]) {
    let next = 0; const lat: number[] = []; const b = performance.now();
    await Promise.all(Array.from({ length: 32 }, async () => { while (next < N) { const i = next++; const t = performance.now();
      await store.submit(blue, aNewJob(), { owner: 'blue', key: `k${N}-${i}`, fingerprint: new Uint8Array([1, 2]), status: 201, body: { id: i } }); lat.push(performance.now() - t); } }));
    const s = (performance.now() - b) / 1000; lat.sort((x, y) => x - y);
    out.push(`submit ${N}: ${(N / s).toFixed(0)}/s p50 ${lat[N >> 1]?.toFixed(1)} p99 ${lat[Math.floor(N * 0.99)]?.toFixed(1)}`);
  }
  for (let k = 0; k < 92; k++) await new PostgresBulkSubmit(system).submitAll(Array.from({ length: 1000 }, (_, i) => aNewJob({ tenantId: `t${1 + (i % 27)}` })));
  await system.query('analyze').catch((e) => out.push(String(e)));
  for (let k = 0; k < 3; k++) { const b = performance.now(); const { snapshot } = await new PostgresPlannerFeed(system).cold(Date.now()); out.push(`cold ${snapshot.queued.length} queued ${snapshot.groups.length} groups: ${(performance.now() - b).toFixed(0)} ms`); }
  const bureau = operatorKey(['blue', ...Array.from({ length: 27 }, (_, i) => `t${i + 1}`)]);
  for (const [who, p] of [['tenant', blue], ['bureau', bureau]] as const) { await store.list(p, {}, { limit: 50, after: null }); let b = performance.now(); for (let i = 0; i < 50; i++) await store.list(p, {}, { limit: 50, after: null }); out.push(`list50 ${who} ${((performance.now() - b) / 50).toFixed(2)} ms`);
    b = performance.now(); for (let i = 0; i < 20; i++) await store.list(p, {state: 'failed'}, { limit: 50, after: null }); out.push(`list50 failed ${who} ${((performance.now() - b) / 20).toFixed(2)} ms`); }
  let b = performance.now(); for (let i = 0; i < 200; i++) await store.lastRunSeconds('blue', 'training'); out.push(`lastRuns ${((performance.now() - b) / 200).toFixed(2)} ms`);
  const feed = new PostgresPlannerFeed(system); const { cursor } = await feed.cold(0); b = performance.now(); for (let i = 0; i < 50; i++) await feed.since(cursor); out.push(`since idle ${((performance.now() - b) / 50).toFixed(2)} ms`);
  require('node:fs').writeFileSync('/tmp/c2/bench.txt', out.join('\n'));
  await system.close(); await app.close(); await pg.stop();
}, 300000);
