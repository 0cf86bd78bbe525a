import { chmodSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  aBench,
  anOrder,
  describeAsRoot,
  firstLine,
  gone,
  isOver,
  isRunning,
  now,
  start,
  told,
  until,
} from './local-engine-bench.js';
import { jobFiles, readWhole, type ShimSpec, type StartedFile } from './local-shim.js';
import { privateUserOf } from './local-user.js';

describeAsRoot('Users of commands')('a command of a service that runs as root', () => {
  const places: Record<string, number> = {
    'in a data folder that others may pass through': 0o711,
    'below a data folder that is closed to others': 0o700,
  };
  it.each(Object.entries(places))('%s runs as a user of its own, in a folder of its own', async (_sentence, mode) => {
    const { dataDir, engine, folderOf, close } = aBench();
    chmodSync(dataDir, mode);
    const order = anOrder({
      script: 'id -u; id -G; grep -c . "$HOME/script.sh"; echo made > "$TMPDIR/made"; pwd -P; cat made; exit 7',
    });
    await start(engine, order);
    expect(await until(engine, order, isOver)).toMatchObject({ state: 'failed', exitCode: 7 });
    const { uid } = privateUserOf(order.attemptId);
    const logs = await engine.logs(order.attemptId);
    expect(logs).toEqual({ stdout: expect.stringMatching(`^${uid}\n${uid}\n1\n/.+\nmade\n$`), stderr: '' });
    rmSync(realpathSync(join(folderOf(order), 'work')), { recursive: true });
    await close();
  });

  it('comes neither to the secrets of the service, nor to its own records, nor to another job, nor to the processes', async () => {
    const { dataDir, engine, folderOf, close } = aBench();
    writeFileSync(join(dataDir, 'credentials.json'), 'secret', { mode: 0o600 });
    const other = anOrder({ script: 'echo secret > result; chmod 644 result; sleep 600' });
    await start(engine, other);
    await until(engine, other, isRunning);
    const started = readWhole<StartedFile>(folderOf(other), jobFiles.started);
    const order = anOrder({
      script: [
        'cat ../../../../credentials.json',
        `cat ${join(dataDir, 'credentials.json')}`,
        'cat ../spec.json ../stdout.log',
        'ls .. ../..',
        'echo forged > ../exit.json',
        `cat ${join(folderOf(other), 'work', 'result')} ${join(folderOf(other), 'spec.json')}`,
        `cat /proc/${started?.pid}/environ /proc/$PPID/environ`,
        `kill -9 ${started?.pid} $PPID`,
        'echo end',
      ].join('\n'),
    });
    await start(engine, order);
    expect(await until(engine, order, isOver)).toMatchObject({ state: 'completed', exitCode: 0 });
    const logs = await engine.logs(order.attemptId);
    expect(logs?.stdout).toBe('end\n');
    expect(logs?.stderr.match(/denied|not permitted|cannot/gi)?.length).toBeGreaterThanOrEqual(10);
    expect(await told(engine, other)).toMatchObject({ state: 'running' });
    await close();
  });

  it('that leaves its group and erases its environment is ended when its job is put away', async () => {
    const { engine, close } = aBench();
    const order = anOrder({ script: 'setsid env -i sleep 600 & echo $!' });
    await start(engine, order);
    await until(engine, order, isOver);
    const strayed = await firstLine(engine, order);
    for (let looks = 0; looks < 2; looks += 1) await engine.observe(0, now());
    expect(await gone(strayed)).toBe(true);
    await close();
  });

  it('does not run when its folder names no user, as one prepared by another user does', async () => {
    const { engine, folderOf, close } = aBench();
    const order = anOrder({ command: ['id', '-u'] });
    const answer = await engine.prepare(order, now());
    const { user: _user, ...spec } = readWhole<ShimSpec>(folderOf(order), jobFiles.spec) as ShimSpec;
    writeFileSync(join(folderOf(order), jobFiles.spec), JSON.stringify(spec));
    await engine.release(order.attemptId, answer.kind === 'prepared' ? answer.ref : '', now());
    expect(await until(engine, order, isOver)).toMatchObject({
      state: 'failed',
      exitCode: 126,
      detail: expect.stringContaining('as root'),
    });
    expect((await engine.logs(order.attemptId))?.stdout).toBe('');
    await close();
  });
});
