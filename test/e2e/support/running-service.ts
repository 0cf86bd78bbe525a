import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, openDatabase } from '#libs/persistence';
import { type Samples, samplesOf } from './samples.js';

const main = join(process.cwd(), 'dist', 'apps', 'cli', 'src', 'main.js');
const START_PATIENCE_MS = 60_000;
const END_PATIENCE_MS = 30_000;

export interface Launch {
  /** After `dev`. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}
export interface Answer<T> {
  readonly status: number;
  readonly contentType: string;
  readonly body: T;
}
interface Credentials {
  readonly operator: string;
  readonly tenants: Readonly<Record<string, string>>;
}

/** A data directory over several lives of the service. `remove` ends whatever still runs in it, also after a failed test. */
export class ServiceHome {
  readonly dataDir: string;
  private readonly children = new Set<ChildProcess>();
  private readonly atExit = (): void => this.endAll();

  constructor() {
    this.dataDir = mkdtempSync(join(tmpdir(), 'chusuan-e2e-'));
    chmodSync(this.dataDir, 0o755); // PostgreSQL may run as another user
    process.once('exit', this.atExit);
  }

  /** Starts the built service and waits until /readyz says that it is. Ports are free ones that the service takes itself. */
  async start(launch: Launch): Promise<RunningService> {
    const child = this.spawn(['dev', ...launch.args], launch.env);
    const service = new RunningService(this.dataDir, child);
    await service.untilReady();
    return service;
  }

  /** Runs a verb that ends by itself; for starts that must fail. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return endOf(this.spawn(args, env), gather(), `chusuan ${args.join(' ')}`);
  }

  /** Of the embedded PostgreSQL; null when none runs here. */
  get postgresPid(): number | null {
    return alivePid(join(this.dataDir, 'postgres', 'postmaster.pid'));
  }

  async remove(): Promise<void> {
    process.off('exit', this.atExit);
    this.endAll();
    await eventually('the PostgreSQL of the test has ended', END_PATIENCE_MS, async () => this.postgresPid ?? 'ended', {
      until: (state) => state === 'ended',
    });
    rmSync(this.dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }

  private spawn(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    if (!existsSync(main)) throw new Error(`${main} is not there: run \`npm run build\` first (npm test does)`);
    const child = spawn(process.execPath, ['--enable-source-maps', main, ...args], {
      env: {
        ...ownEnvironment(),
        CHUSUAN_DATA_DIR: this.dataDir,
        CHUSUAN_HTTP_PORT: '0',
        CHUSUAN_METRICS_PORT: '0',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.children.add(child);
    child.once('exit', () => this.children.delete(child));
    return child;
  }

  private endAll(): void {
    for (const child of this.children) child.kill('SIGKILL');
    const postgres = this.postgresPid;
    // Immediate shutdown: nothing in there is to be kept.
    if (postgres !== null) process.kill(postgres, 'SIGQUIT');
  }
}

// What this run of the tests is told about its own database is none of the service's business.
const ownEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('CHUSUAN_') && name !== 'NODE_OPTIONS'),
  );

/** One life of the service. */
export class RunningService {
  readonly api = new Address(/^ {2}API +(\S+)$/m);
  private readonly metricsPage = new Address(/^ {2}metrics +(\S+)$/m);
  private readonly output = gather();
  private readonly ended: Promise<Ended>;

  constructor(
    private readonly dataDir: string,
    private readonly child: ChildProcess,
  ) {
    this.ended = endOf(child, this.output, 'chusuan dev');
    this.ended.catch(() => undefined); // told to whoever waits for the end
  }

  get stderr(): string {
    return this.output.stderr;
  }

  async untilReady(): Promise<void> {
    await eventually('the service is ready', START_PATIENCE_MS, () => this.readiness(), {
      until: (state) => state === 'ready',
    });
  }

  /** A key of credentials.json: of a tenant, else the operator's. */
  key(tenant?: string): string {
    const credentials = JSON.parse(readFileSync(join(this.dataDir, 'credentials.json'), 'utf8')) as Credentials;
    const key = tenant === undefined ? credentials.operator : credentials.tenants[tenant];
    if (key === undefined) throw new Error(`credentials.json has no key for tenant ${tenant}`);
    return key;
  }

  /** As a tenant, else as the operator. Rejects when nobody answers. */
  async ask<T>(route: `${'GET' | 'POST' | 'PATCH'} /${string}`, asked: Asked = {}): Promise<Answer<T>> {
    const [method = '', path = ''] = route.split(' ');
    const response = await fetch(this.api.in(this.output.stdout) + path, {
      method,
      headers: {
        Authorization: `Bearer ${this.key(asked.tenant)}`,
        ...(asked.body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(asked.idempotencyKey === undefined ? {} : { 'Idempotency-Key': asked.idempotencyKey }),
      },
      ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    const contentType = response.headers.get('content-type') ?? '';
    return {
      status: response.status,
      contentType,
      body: (contentType.includes('json') ? JSON.parse(text) : text) as T,
    };
  }

  async metrics(): Promise<Samples> {
    const response = await fetch(this.metricsPage.in(this.output.stdout));
    if (!response.ok) throw new Error(`/metrics answered ${response.status}: ${await response.text()}`);
    return samplesOf(await response.text());
  }

  /** The embedded database, as its owner. Close it before the service stops: PostgreSQL stays while somebody is connected. */
  database(): Database {
    const read = (name: string): string => readFileSync(join(this.dataDir, name), 'utf8').trim();
    const url = `postgres://chusuan:${read('postgres.password')}@127.0.0.1:${read('postgres.port')}/chusuan`;
    return openDatabase(url, { role: 'owner', max: 2, applicationName: 'e2e', onIdleError: () => undefined });
  }

  /** Ctrl-C. */
  async stop(): Promise<Ended> {
    this.child.kill('SIGINT');
    return this.ended;
  }

  /** kill -9 of the service; what it started (PostgreSQL, shims of local jobs) lives on. */
  async kill(): Promise<Ended> {
    this.child.kill('SIGKILL');
    return this.ended;
  }

  /** For a service that ends by itself. */
  end(): Promise<Ended> {
    return this.ended;
  }

  private async readiness(): Promise<string> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) {
      throw new Error(
        `the service ended with ${this.child.exitCode ?? this.child.signalCode} before it was ready:\n${this.stderr}`,
      );
    }
    if (!this.metricsPage.isIn(this.output.stdout)) return 'it has not told its addresses yet';
    const response = await fetch(`${this.api.in(this.output.stdout)}/readyz`);
    return response.ok ? 'ready' : response.text();
  }
}

interface Asked {
  readonly tenant?: string;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
}

/** A line of the banner that tells where something is. */
class Address {
  constructor(private readonly line: RegExp) {}

  isIn(banner: string): boolean {
    return this.line.test(banner);
  }
  in(banner: string): string {
    const address = this.line.exec(banner)?.[1];
    if (address === undefined) throw new Error(`The service has not told ${this.line.source}; it said: ${banner}`);
    return address;
  }
}

interface Output {
  stdout: string;
  stderr: string;
}
const gather = (): Output => ({ stdout: '', stderr: '' });

function endOf(child: ChildProcess, output: Output, what: string): Promise<Ended> {
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`${what} could not be started: ${error.message}`)));
    child.once('close', (code, signal) => resolve({ code, signal, stderr: output.stderr }));
  });
}

function alivePid(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
    process.kill(pid, 0);
    return pid;
  } catch {
    return null; // never started, or gone
  }
}

/** Looks again until what is seen is what is waited for; fails with what was seen last. A look that throws counts as not yet. */
export async function eventually<T>(
  fact: string,
  patienceMs: number,
  look: () => Promise<T>,
  { until }: { readonly until: (seen: T) => boolean },
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    let seen: unknown;
    try {
      const found = await look();
      if (until(found)) return found;
      seen = found;
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('the service ended')) throw error;
      seen = error instanceof Error ? error.message : error;
    }
    if (Date.now() > deadline)
      throw new Error(`Not so after ${patienceMs / 1000} s: ${fact}. Last seen: ${JSON.stringify(seen)}`);
    await sleep(100);
  }
}
