import { Shutdown } from './shutdown.js';

it('closes in the reverse order of opening, once, and goes on when a step fails', async () => {
  const closed: string[] = [];
  const said = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const shutdown = new Shutdown();
  shutdown.add('first', async () => closed.push('first'));
  shutdown.add('second', async () => Promise.reject(new Error('stuck')));
  shutdown.add('third', async () => closed.push('third'));
  await Promise.all([shutdown.run(), shutdown.run()]);
  expect(closed).toEqual(['third', 'first']);
  expect(said.mock.calls.flat().join('')).toContain('second did not close cleanly: stuck');
  said.mockRestore();
});

it('waits for a start in its midst, so that what it opens is closed too', async () => {
  const closed: string[] = [];
  const shutdown = new Shutdown();
  let open = (): void => undefined;
  const start = shutdown.during(
    new Promise<void>((resolve) => {
      open = () => {
        shutdown.add('PostgreSQL', async () => closed.push('PostgreSQL'));
        resolve();
      };
    }),
  );
  const ended = shutdown.run();
  open();
  await Promise.all([start, ended]);
  expect(closed).toEqual(['PostgreSQL']);
});
