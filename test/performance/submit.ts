import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';

const SECONDS = 20;
const CONNECTIONS = 32;

/** Durable submits over HTTP against a whole service of its own: real PostgreSQL, fsync on, scheduler and exporter running beside it. */
export async function submitBench(): Promise<unknown> {
  const dataDir = mkdtempSync(join(tmpdir(), 'chusuan-bench-'));
  const main = fileURLToPath(new URL('../../apps/cli/src/main.js', import.meta.url));
  const service = spawn(process.execPath, [main, 'dev', '--empty'], {
    env: {
      ...process.env,
      CHUSUAN_DATA_DIR: dataDir,
      CHUSUAN_HTTP_PORT: '3977',
      CHUSUAN_METRICS_PORT: '3978',
      CHUSUAN_RATE_LIMIT: '1000000',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = 'http://127.0.0.1:3977';
  try {
    await ready(url);
    const credentials = JSON.parse(readFileSync(join(dataDir, 'credentials.json'), 'utf8')) as {
      tenants: Record<string, string>;
    };
    const key = credentials.tenants['hust'];
    if (!key) throw new Error('the seeds have no tenant "hust" any more: name another in test/performance/submit.ts');
    await fire(url, key, 3);
    const before = await stored(url, key);
    const result = await fire(url, key, SECONDS);
    return {
      connections: CONNECTIONS,
      seconds: SECONDS,
      accepted: result['2xx'],
      refused: result.non2xx,
      errors: result.errors,
      submitsPerSecond: Math.round(result['2xx'] / result.duration),
      latencyMs: { p50: result.latency.p50, p99: result.latency.p99, max: result.latency.max },
      newestJobIsThere: before !== (await stored(url, key)),
    };
  } finally {
    service.kill('SIGINT');
    await new Promise((resolve) => service.once('exit', resolve));
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const body = JSON.stringify({
  name: 'bench',
  class: 'training',
  resources: {
    nodes: 1,
    acceleratorsPerNode: 8,
    acceleratorModels: ['ascend-910b'],
    architecture: 'aarch64',
    stack: 'cann',
  },
  timeLimitSeconds: 86_400,
  run: { image: 'bench', command: ['true'] },
});

function fire(url: string, key: string, seconds: number): Promise<autocannon.Result> {
  let count = 0;
  return autocannon({
    url: `${url}/v1/jobs`,
    method: 'POST',
    connections: CONNECTIONS,
    duration: seconds,
    requests: [
      {
        setupRequest: (request) => ({
          ...request,
          method: 'POST',
          body,
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${key}`,
            'idempotency-key': `${process.pid}-${seconds}-${(count += 1)}`,
          },
        }),
      },
    ],
  });
}

async function stored(url: string, key: string): Promise<string | undefined> {
  const response = await fetch(`${url}/v1/jobs?limit=1`, { headers: { authorization: `Bearer ${key}` } });
  return ((await response.json()) as { items: { id: string }[] }).items[0]?.id;
}

async function ready(url: string): Promise<void> {
  for (let tries = 0; tries < 240; tries += 1) {
    const ok = await fetch(`${url}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    await sleep(250);
  }
  throw new Error(`${url}/readyz was not ready within a minute`);
}
