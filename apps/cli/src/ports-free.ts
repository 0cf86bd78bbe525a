import { createServer } from 'node:net';
import { CliError } from './exit.js';

/** Fails before anything is started when a port is taken: says which, and which setting moves it. Port 0 is always free. */
export async function requireFreePort(port: number, host: string, setting: string): Promise<void> {
  if (port === 0) return;
  const problem = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    const probe = createServer();
    probe.once('error', resolve);
    probe.listen(port, host, () => probe.close(() => resolve(null)));
  });
  if (!problem) return;
  const why =
    problem.code === 'EADDRINUSE'
      ? `is taken by another program (perhaps another \`npm start\`)`
      : `cannot be listened on (${problem.code ?? problem.message})`;
  throw new CliError(
    'conflict',
    `Port ${port} on ${host} ${why}.\n- stop that program, or\n- set ${setting} to a free port, for example ${setting}=${port + 100} npm start`,
  );
}
