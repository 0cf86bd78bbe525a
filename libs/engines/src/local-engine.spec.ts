import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DispatchOrder } from '#libs/application';
import { describeEngine, type EngineBench } from './engine-contract.js';
import { LocalEngine } from './index.js';
import {
  aBench,
  anOrder,
  firstLine,
  gone,
  isOver,
  isRoot,
  isRunning,
  now,
  originMs,
  RATE,
  start,
  time,
  told,
  until,
} from './local-engine-bench.js';
import { type Claim, jobFiles, markOf, readWhole, type ShimSpec, type StartedFile, writeOnce } from './local-shim.js';

describeEngine('local', async (): Promise<EngineBench> => {
  const { engine, open, close } = aBench();
  return {
    engine,
    order: ({ seconds, ending = 'completed', limitSeconds = 600 }) =>
      anOrder(
        { script: `echo hello; echo oops >&2; sleep ${seconds / RATE}; exit ${ending === 'failed' ? 1 : 0}` },
        { limitSeconds },
      ),
    now,
    pass: () => sleep(20),
    reopen: async () => open(),
    close,
  };
});

describe('a command', () => {
  it('gets its arguments as they are: no shell takes them apart', async () => {
    const { engine, close } = aBench();
    const order = anOrder({ command: ['/usr/bin/printf', '%s|', 'a b', '$HOME', '; exit 3', '鄂州', '"'] });
    await start(engine, order);
    await until(engine, order, isOver);
    expect(await engine.logs(order.attemptId)).toEqual({ stdout: 'a b|$HOME|; exit 3|鄂州|"|', stderr: '' });
    await close();
  });

  it('sees the environment of its order and nothing of the service', async () => {
    const { engine, folderOf, close } = aBench();
    process.env.CHUSUAN_TEST_SECRET = 'postgres://owner:secret';
    const order = anOrder({ command: ['/usr/bin/env'], environment: { EPOCHS: '3', LANG: 'zh_CN.UTF-8' } });
    await start(engine, order);
    await until(engine, order, isOver);
    delete process.env.CHUSUAN_TEST_SECRET;
    const lines = (await engine.logs(order.attemptId))?.stdout.trim().split('\n') ?? [];
    const names = lines.map((line) => line.split('=')[0] ?? '').sort();
    expect(names).toEqual(['CHUSUAN_ATTEMPT_ID', 'CHUSUAN_JOB_ID', 'EPOCHS', 'HOME', 'LANG', 'PATH', 'PWD', 'TMPDIR']);
    expect(lines).toContain(`PWD=${join(folderOf(order), 'work')}`);
    expect(lines).toContain('LANG=zh_CN.UTF-8');
    await close();
  });

  const endings: Record<string, { run: DispatchOrder['run']; want: object }> = {
    'that is not there fails with 127 and says so': {
      run: { command: ['no-such-program'] },
      want: {
        state: 'failed',
        exitCode: 127,
        detail: expect.stringContaining('"no-such-program" could not be started'),
      },
    },
    'that may not be run fails with 126': { run: { command: ['/'] }, want: { state: 'failed', exitCode: 126 } },
    'that a signal ends tells the signal': {
      run: { script: 'kill -SEGV $$' },
      want: { state: 'failed', exitCode: 139, detail: 'ended by SIGSEGV' },
    },
    'that exits by itself tells its own code': { run: { script: 'exit 42' }, want: { state: 'failed', exitCode: 42 } },
  };
  it.each(Object.entries(endings))('%s', async (_sentence, { run, want }) => {
    const { engine, close } = aBench();
    const order = anOrder(run);
    await start(engine, order);
    expect(await until(engine, order, isOver)).toMatchObject(want);
    await close();
  });

  it('gets its limit in seconds of the service, which are shorter on the machine while the service clock runs faster', async () => {
    const { engine, folderOf } = aBench();
    const order = anOrder({ command: ['true'] }, { limitSeconds: 600 });
    await engine.prepare(order, now());
    expect(readWhole<ShimSpec>(folderOf(order), jobFiles.spec)?.limitMs).toBe(600_000 / RATE);
  });
});

describe('the end of a command', () => {
  it.each([0, 20, 60, 100])('that is cancelled %i ms after its release never outlives that', async (delayMs) => {
    const { engine, close } = aBench();
    const order = anOrder({ script: 'sleep 600' });
    await start(engine, order);
    await sleep(delayMs);
    await engine.cancel(order.attemptId, now());
    expect(await until(engine, order, isOver)).toMatchObject({ state: 'cancelled' });
    await close();
  });

  it('that ignores SIGTERM is killed after the grace, and its children with it', async () => {
    const { engine, close } = aBench({ graceMs: 200 });
    const order = anOrder({ script: `trap '' TERM; sleep 600 & echo $!; while :; do sleep 1; done` });
    await start(engine, order);
    await until(engine, order, isRunning);
    const child = await firstLine(engine, order);
    await engine.cancel(order.attemptId, now());
    expect(await until(engine, order, isOver)).toMatchObject({ state: 'cancelled', exitCode: 137 });
    expect(await gone(child)).toBe(true);
    await close();
  });

  it('takes what it left in the background with it when it ends', async () => {
    const { engine, close } = aBench();
    const order = anOrder({ script: 'sleep 600 & echo $!' });
    await start(engine, order);
    expect(await until(engine, order, isOver)).toMatchObject({ state: 'completed', exitCode: 0 });
    expect(await gone(await firstLine(engine, order))).toBe(true);
    await close();
  });
});

describe('what belongs to the tenant', () => {
  it("is readable by its owner alone: files 0600, folders 0700, or passed through on the way to another user's work", async () => {
    const { dataDir, engine, folderOf, close } = aBench();
    const order = anOrder({ script: 'echo secret; echo more > result.txt' });
    await start(engine, order);
    await until(engine, order, isOver);
    const folder = folderOf(order);
    const modes = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
      statSync(join(folder, name)),
    );
    expect(new Set(modes.filter((it) => it.isFile()).map((it) => it.mode & 0o777))).toEqual(new Set([0o600]));
    const folders = [folder, join(folder, 'work'), join(dataDir, 'local', 'dev-local'), join(dataDir, 'local')];
    expect(folders.map((path) => statSync(path).mode & 0o777)).toEqual(
      isRoot ? [0o711, 0o700, 0o711, 0o711] : [0o700, 0o700, 0o700, 0o700],
    );
    await close();
  });

  it('is cut at the cap, says so, and does not stop the job', async () => {
    const { engine, close } = aBench({ maxOutputBytes: 1000 });
    const order = anOrder({ script: 'i=0; while [ $i -lt 2000 ]; do echo 123456789; i=$((i+1)); done; echo end >&2' });
    await start(engine, order);
    expect(await until(engine, order, isOver)).toMatchObject({ state: 'completed' });
    const logs = await engine.logs(order.attemptId);
    expect(logs).toEqual({
      stdout: `${'123456789\n'.repeat(100)}\n[chusuan: output cut after 1000 bytes]\n`,
      stderr: 'end\n',
    });
    await close();
  });

  it('is nothing for an attempt nobody prepared', async () => {
    const { engine } = aBench();
    expect(await engine.logs(randomUUID())).toBeNull();
    expect(await engine.logs('../..')).toBeNull();
  });
});

describe('orders that this machine will not run are rejected with the reason', () => {
  const large = 'x'.repeat(200_000);
  const cases: Record<string, { run: DispatchOrder['run']; over?: Partial<DispatchOrder>; want: string }> = {
    'nothing to run': { run: {}, want: 'nothing to run' },
    'an empty program': { run: { command: [''] }, want: 'nothing to run' },
    'an image': { run: { image: 'cann:8.0', command: ['true'] }, want: 'no images' },
    'command and script': { run: { command: ['true'], script: 'true' }, want: 'both' },
    'two nodes': { run: { command: ['true'] }, over: { nodes: 2 }, want: '2 nodes' },
    'a NUL byte in an argument': { run: { command: ['echo', 'a\0b'] }, want: 'NUL' },
    'a NUL byte in the script': { run: { script: 'echo a\0b' }, want: 'NUL' },
    'a NUL byte in the environment': { run: { command: ['true'], environment: { A: '\0' } }, want: 'NUL' },
    'an environment name with a sign in it': { run: { command: ['true'], environment: { 'A=B': '1' } }, want: '"A=B"' },
    'one huge argument': { run: { command: ['echo', large] }, want: '200000 bytes' },
    'huge arguments together': {
      run: { command: Array.from({ length: 200 }, () => 'x'.repeat(6_000)) },
      want: 'together',
    },
    'a huge script': { run: { script: `#${'x'.repeat(1024 * 1024)}` }, want: 'script has' },
    'an attempt id with a path in it': { run: { command: ['true'] }, over: { attemptId: '../../etc' }, want: 'UUID' },
  };
  it.each(Object.entries(cases))('%s', async (_sentence, { run, over, want }) => {
    const { engine, dataDir } = aBench();
    const answer = await engine.prepare(anOrder(run, over), now());
    expect(answer).toEqual({ kind: 'rejected', why: expect.stringContaining(want) });
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('a pool id that is no folder name stops the engine at its start', () => {
    expect(() => new LocalEngine({ poolId: '../x', nodeIds: [], dataDir: tmpdir(), time })).toThrow(
      'cannot name a folder',
    );
  });
});

describe('crashes', () => {
  it('a kill -9 of the service leaves the job running, and the next life of the service adopts it', async () => {
    const { dataDir, engine, folderOf, close } = aBench();
    const order = anOrder({ script: 'echo hello; until [ -e go ]; do sleep 0.02; done; exit 5' });
    const service = await serviceThatReleases(dataDir, order);
    service.kill('SIGKILL');
    await once(service, 'exit');
    await until(engine, order, isRunning);
    writeFileSync(join(folderOf(order), 'work', 'go'), '');
    expect(await until(engine, order, isOver)).toMatchObject({ state: 'failed', exitCode: 5 });
    expect((await engine.logs(order.attemptId))?.stdout).toBe('hello\n');
    await close();
  });

  it('a kill -9 of the shim ends the job as failed, and nothing of it runs on', async () => {
    const { engine, folderOf, close } = aBench();
    const order = anOrder({ script: 'setsid sleep 600 & echo $!; sleep 600' });
    await start(engine, order);
    const { startedAt } = await until(engine, order, isRunning);
    const strayed = await firstLine(engine, order);
    const claim = readWhole<Claim>(folderOf(order), jobFiles.claim);
    const started = readWhole<StartedFile>(folderOf(order), jobFiles.started);
    process.kill(claim?.by === 'shim' ? claim.shim.pid : Number.NaN, 'SIGKILL');
    expect(await until(engine, order, isOver)).toMatchObject({
      state: 'failed',
      startedAt,
      exitCode: null,
      detail: 'lost: shim gone',
    });
    expect([await gone(started?.pid ?? Number.NaN), await gone(strayed)]).toEqual([true, true]);
    await close();
  });

  it('a reboot is told from a process that has the old number by now', async () => {
    const { engine, folderOf, close } = aBench();
    const order = anOrder({ script: 'sleep 600' });
    await engine.prepare(order, now());
    const stranger = { ...markOf(process.pid), bootId: 'an-earlier-boot' };
    writeOnce(folderOf(order), jobFiles.claim, { by: 'shim', shim: stranger } satisfies Claim);
    expect(await told(engine, order)).toMatchObject({ state: 'failed', startedAt: null, detail: 'lost: shim gone' });
    await close();
  });

  it('a crash between release and shim is made good by the next look', async () => {
    const { engine, folderOf, close } = aBench();
    const order = anOrder({ script: 'echo hello' });
    await engine.prepare(order, now());
    writeOnce(folderOf(order), jobFiles.released, { serviceMs: now() });
    expect(await until(engine, order, isOver)).toMatchObject({ state: 'completed', exitCode: 0 });
    await close();
  });

  it('a crash between the claim of a cancel and its exit file is made good by the next look', async () => {
    const { engine, folderOf, close } = aBench();
    const order = anOrder({ script: 'echo hello' });
    await engine.prepare(order, now());
    writeOnce(folderOf(order), jobFiles.claim, { by: 'cancel', atMs: Date.now() } satisfies Claim);
    expect(await told(engine, order)).toMatchObject({ state: 'cancelled', startedAt: null });
    await close();
  });

  it('two services that release one attempt at once run it once', async () => {
    const { dataDir, engine, folderOf, close } = aBench();
    const order = anOrder({ script: 'echo run >> runs; sleep 0.2' });
    const services = await Promise.all([
      serviceThatReleases(dataDir, order),
      serviceThatReleases(dataDir, order),
      start(engine, order),
    ]);
    await until(engine, order, isOver);
    for (const service of services) service?.kill('SIGKILL');
    expect(readFileSync(join(folderOf(order), 'work', 'runs'), 'utf8')).toBe('run\n');
    await close();
  });

  it('a data folder that cannot be used makes the engine unreachable, not its jobs lost', async () => {
    const { dataDir, engine } = aBench();
    mkdirSync(join(dataDir, 'local'));
    // A file where the folder should be.
    writeOnce(join(dataDir, 'local'), 'dev-local', '');
    await expect(engine.observe(0, now())).rejects.toMatchObject({ code: 'engine-unreachable' });
    await expect(engine.prepare(anOrder({ command: ['true'] }), now())).rejects.toMatchObject({
      code: 'engine-unreachable',
    });
  });
});

/**
 * Another process of the service that prepares and releases the order, then lives on until it is killed. It runs our source as
 * it is, so its resolver must be told that `x.js` is still `x.ts`.
 */
async function serviceThatReleases(dataDir: string, order: DispatchOrder): Promise<ChildProcess> {
  const engineUrl = new URL('./local-engine.ts', import.meta.url).href;
  const program = `
    import { registerHooks } from 'node:module';
    registerHooks({
      resolve(specifier, context, next) {
        try { return next(specifier, context); } catch (error) {
          if (!specifier.startsWith('.')) throw error;
          return next(specifier.replace(/\\.js$/, '.ts'), context);
        }
      },
    });
    const { LocalEngine } = await import(${JSON.stringify(engineUrl)});
    const time = { toService: (ms) => Math.floor(${originMs} + ${RATE} * (ms - ${originMs})), rate: ${RATE} };
    const engine = new LocalEngine({ poolId: 'dev-local', nodeIds: [], dataDir: ${JSON.stringify(dataDir)}, time });
    const order = ${JSON.stringify(order)};
    const { ref } = await engine.prepare(order, time.toService(Date.now()));
    await engine.release(order.attemptId, ref, time.toService(Date.now()));
    console.log('released');
    setInterval(() => {}, 1000);
  `;
  const flags = ['--conditions=source', '--experimental-transform-types', '--no-warnings', '--input-type=module'];
  const service = spawn(process.execPath, [...flags, '--eval', program], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  service.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [word] = (await Promise.race([once(service.stdout, 'data'), once(service, 'exit')])) as [unknown];
  if (String(word).trim() !== 'released') throw new Error(`the other service did not release: ${said}`);
  return service;
}
