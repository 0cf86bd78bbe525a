import { CoalescingLoop } from './cycle-loop.js';

/** A run that ends when the test says so. */
class Runs {
  count = 0;
  private endings: ((again: boolean) => void)[] = [];
  private failures: ((error: Error) => void)[] = [];

  readonly run = (): Promise<{ again: boolean }> => {
    this.count += 1;
    return new Promise((resolve, reject) => {
      this.endings.push((again) => resolve({ again }));
      this.failures.push(reject);
    });
  };
  async end(again = false): Promise<void> {
    this.endings.shift()?.(again);
    this.failures.shift();
    await settled();
  }
  async fail(): Promise<void> {
    this.failures.shift()?.(new Error('no database'));
    this.endings.shift();
    await settled();
  }
}
/** Lets every promise that can settle do so. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let runs: Runs;
let errors: unknown[];
let loop: CoalescingLoop;
beforeEach(() => {
  runs = new Runs();
  errors = [];
  loop = new CoalescingLoop(runs.run, (error) => errors.push(error));
});

it('makes one run of many pokes, and one more of those that came meanwhile', async () => {
  for (let pokes = 0; pokes < 5; pokes += 1) loop.poke();
  expect(runs.count).toBe(1);
  for (let pokes = 0; pokes < 5; pokes += 1) loop.poke();
  await runs.end();
  expect(runs.count).toBe(2);
  await runs.end();
  expect(runs.count).toBe(2);
});

it('runs again by itself while there is more to do', async () => {
  loop.poke();
  await runs.end(true);
  await runs.end(true);
  await runs.end(false);
  expect(runs.count).toBe(3);
});

it('tells a failure and goes on with the next poke', async () => {
  loop.poke();
  await runs.fail();
  expect(errors).toEqual([new Error('no database')]);
  expect(runs.count).toBe(1);
  loop.poke();
  expect(runs.count).toBe(2);
});

it('does not lose a poke that came during a run that fails', async () => {
  loop.poke();
  loop.poke();
  await runs.fail();
  expect(runs.count).toBe(2);
});

it('stops when the run under way has ended, and starts no other', async () => {
  loop.poke();
  loop.poke();
  let isStopped = false;
  const stopping = loop.stop().then(() => (isStopped = true));
  await settled();
  expect(isStopped).toBe(false);
  await runs.end(true);
  await stopping;
  loop.poke();
  expect(runs.count).toBe(1);
});

it('rests between two runs of a storm of pokes', async () => {
  const rests: (() => void)[] = [];
  const resting = new CoalescingLoop(
    runs.run,
    () => undefined,
    () => new Promise((resolve) => rests.push(resolve)),
  );
  resting.poke();
  resting.poke();
  await runs.end();
  expect(runs.count).toBe(1);
  rests.shift()?.();
  await settled();
  expect(runs.count).toBe(2);
});
