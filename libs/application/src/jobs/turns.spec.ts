import { MOST_IN_LINE, MOST_OF_ONE, Turns, WhatIfsBusy } from './turns.js';

/** A line whose stopwatch, work and rests move only when the test says so. */
function aLine() {
  let clock = 0;
  const rests: { ms: number; end: () => void }[] = [];
  const log: string[] = [];
  const turns = new Turns({
    stopwatchMs: () => clock,
    pause: (ms) => new Promise((end) => rests.push({ ms, end })),
  });
  const ends = new Map<string, (fails?: Error) => void>();
  const ask = (name: string, caller = name): Promise<string> =>
    turns.take(caller, () => {
      log.push(name);
      return new Promise((resolve, reject) => {
        ends.set(name, (fails) => (fails ? reject(fails) : resolve(name)));
      });
    });
  return {
    ask,
    log,
    rests,
    finish: (name: string, ms: number, fails?: Error) => {
      clock += ms;
      ends.get(name)?.(fails);
    },
  };
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('turns', () => {
  it('come one after the other, and the next after a rest as long as the one before took', async () => {
    const line = aLine();
    const first = line.ask('a');
    const second = line.ask('b');
    await settled();
    expect(line.log).toEqual(['a']);
    line.finish('a', 70);
    expect(await first).toBe('a');
    await settled();
    expect([line.log, line.rests.map(({ ms }) => ms)]).toEqual([['a'], [70]]);
    line.rests[0]!.end();
    await settled();
    expect(line.log).toEqual(['a', 'b']);
    line.finish('b', 5);
    expect(await second).toBe('b');
  });

  it('go on after one that failed', async () => {
    const line = aLine();
    const failing = line.ask('a').catch((error: Error) => error.message);
    const next = line.ask('b');
    await settled();
    line.finish('a', 1, new Error('no planner'));
    expect(await failing).toBe('no planner');
    line.rests[0]!.end();
    await settled();
    line.finish('b', 1);
    expect(await next).toBe('b');
  });

  it(`are refused when ${MOST_IN_LINE} are in line, and given again when one has left`, async () => {
    const line = aLine();
    const asked = Array.from({ length: MOST_IN_LINE }, (_, i) => line.ask(`${i}`));
    await expect(line.ask('late')).rejects.toBeInstanceOf(WhatIfsBusy);
    await expect(line.ask('late')).rejects.toMatchObject({ code: 'what-ifs-busy' });
    await settled();
    line.finish('0', 1);
    await asked[0];
    void line.ask('late');
    await expect(line.ask('later still')).rejects.toBeInstanceOf(WhatIfsBusy);
  });

  it(`are refused to who has ${MOST_OF_ONE} in line, and to nobody else`, async () => {
    const line = aLine();
    const mine = Array.from({ length: MOST_OF_ONE }, (_, i) => line.ask(`mine ${i}`, 'me'));
    await expect(line.ask('mine too', 'me')).rejects.toBeInstanceOf(WhatIfsBusy);
    void line.ask('yours', 'you');
    await settled();
    line.finish('mine 0', 1);
    await mine[0];
    void line.ask('mine again', 'me');
    await expect(line.ask('mine too', 'me')).rejects.toBeInstanceOf(WhatIfsBusy);
  });
});
