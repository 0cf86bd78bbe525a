import { chmodSync, existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DispatchOrder } from '#libs/application';
import { DAY_MS } from '#libs/domain';
import type { LocalEngine } from './index.js';
import { aBench, anOrder, describeAsRoot, isOver, now, start, told, until } from './local-engine-bench.js';

async function anEndedJob(engine: LocalEngine): Promise<DispatchOrder> {
  const order = anOrder({ script: 'echo hello' });
  await engine.prepare(order, now());
  await engine.cancel(order.attemptId, now());
  return order;
}
const look = async (engine: LocalEngine, times: number): Promise<void> => {
  for (let looks = 0; looks < times; looks += 1) await engine.observe(0, now());
};
const names = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder) : []);

describe('the folders of ended jobs', () => {
  it('are put away at the second look after the one that learnt of the ending, with output, ref and ending as they were', async () => {
    const { dataDir, engine, folderOf, close } = aBench();
    const order = anOrder({ script: 'echo hello' });
    await start(engine, order);
    const over = await until(engine, order, isOver);
    await look(engine, 1);
    expect(existsSync(folderOf(order))).toBe(true);
    await look(engine, 1);
    expect(names(join(dataDir, 'local', 'dev-local'))).toEqual(['done']);
    expect(await told(engine, order)).toEqual(over);
    expect(await engine.logs(order.attemptId)).toEqual({ stdout: 'hello\n', stderr: '' });
    const ref = `local-${order.attemptId}`;
    expect(await engine.prepare(order, now())).toEqual({ kind: 'prepared', ref });
    await engine.release(order.attemptId, ref, now());
    await engine.cancel(order.attemptId, now());
    expect(names(join(dataDir, 'local', 'dev-local'))).toEqual(['done']);
    await close();
  });

  it('are told by a new instance to who asks from before the ending was known, and to nobody else', async () => {
    const { engine, open, close } = aBench();
    const order = await anEndedJob(engine);
    await look(engine, 3);
    const known = now();
    await sleep(20);
    const next = open();
    expect(await next.observe(known + 1, now())).toEqual([]);
    expect(await next.observe(0, now())).toMatchObject([{ attemptId: order.attemptId, state: 'cancelled' }]);
    expect(await next.observe(known + 1, now())).toEqual([]);
    expect(await next.observe(0, now())).toHaveLength(1);
    await close();
  });

  it('that another instance put away are told to who asks from further back', async () => {
    const { engine, open, close } = aBench();
    const other = open();
    const from = now();
    await other.observe(from, from);
    const order = await anEndedJob(engine);
    await look(engine, 3);
    expect(await other.observe(from + 1, now())).toEqual([]);
    expect(await other.observe(0, now())).toMatchObject([{ attemptId: order.attemptId, state: 'cancelled' }]);
    await close();
  });
});

describe('the folders of jobs that ended long ago', () => {
  it('are removed beyond the number that is kept, oldest first', async () => {
    const { engine, open, close } = aBench({ keepFolders: 2 });
    const orders: DispatchOrder[] = [];
    for (let count = 0; count < 4; count += 1) {
      orders.push(await anEndedJob(engine));
      await look(engine, 3);
      await sleep(5);
    }
    const logs = await Promise.all(orders.map((order) => open().logs(order.attemptId)));
    expect(logs.map((log) => log !== null)).toEqual([false, false, true, true]);
    await close();
  });

  it('are removed when they are too old, twenty at a look', async () => {
    const { dataDir, engine, open, close } = aBench();
    for (let count = 0; count < 25; count += 1) await anEndedJob(engine);
    await look(engine, 3);
    const done = join(dataDir, 'local', 'dev-local', 'done');
    for (const name of names(done)) {
      const told = JSON.parse(readFileSync(join(done, name, 'told.json'), 'utf8')) as { putAwayAtMs: number };
      const putAwayAtMs = told.putAwayAtMs - 15 * DAY_MS;
      writeFileSync(join(done, name, 'told.json'), JSON.stringify({ ...told, putAwayAtMs }));
    }
    const next = open();
    const left: number[] = [];
    for (let looks = 0; looks < 3; looks += 1) {
      await next.observe(now(), now());
      left.push(names(done).length);
    }
    expect(left).toEqual([5, 0, 0]);
    await close();
  });
});

// Only root's jobs work elsewhere than in their folder.
describeAsRoot('Folders of commands')('the folders of a service that runs as root', () => {
  it('take work that lies elsewhere with them when they are removed', async () => {
    const { dataDir, engine, folderOf, close } = aBench({ keepFolders: 0 });
    chmodSync(dataDir, 0o700);
    const order = await anEndedJob(engine);
    const work = readlinkSync(join(folderOf(order), 'work'));
    expect(existsSync(work)).toBe(true);
    await look(engine, 3);
    expect([existsSync(work), await engine.logs(order.attemptId)]).toEqual([false, null]);
    await close();
  });
});
