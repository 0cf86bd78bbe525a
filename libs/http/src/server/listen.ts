import { types } from 'node:util';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** The port could not be had. The message names it and the setting that changes it. */
export class PortUnavailable extends Error {
  readonly code = 'port-unavailable';
}

/** Listens and tells the address. Throws PortUnavailable when the port is taken, not permitted, or not of this machine. */
export async function listenOn(
  app: NestFastifyApplication,
  address: { readonly port: number; readonly host: string },
  settings: { readonly port: string; readonly host: string },
): Promise<string> {
  const { port, host } = address;
  try {
    await app.listen({ port, host });
    return await app.getUrl();
  } catch (error) {
    const code = types.isNativeError(error) && 'code' in error ? error.code : undefined;
    const why =
      code === 'EADDRINUSE'
        ? `port ${port} on ${host} is taken by another process. Stop it, or set ${settings.port} to a free port`
        : code === 'EACCES'
          ? `port ${port} may not be opened by this user. Set ${settings.port} to one above 1023`
          : code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND'
            ? `${host} is no address of this machine. Set ${settings.host} to one that is, such as 127.0.0.1 or 0.0.0.0`
            : undefined;
    if (why === undefined) throw error;
    throw new PortUnavailable(`Cannot listen: ${why}.`, { cause: error });
  }
}
