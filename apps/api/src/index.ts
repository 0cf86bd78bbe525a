import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { KeyStore } from '#libs/application';
import { CachedKeyStore, EventStreams, JsonLog, ProblemFilter, httpServer, listenOn } from '#libs/http';
import type { ApiDependencies } from './api-dependencies.js';
import { ApiModule } from './api.module.js';
import { openApiDocument, serveDocumentation } from './openapi.js';

export interface Api {
  /** Resolves with the address. Throws PortUnavailable, naming the port and the setting that changes it. */
  listen(port: number, host: string): Promise<string>;
  /** Refuses new requests, ends event streams, waits for what is under way, then closes. */
  close(): Promise<void>;
  readonly app: NestFastifyApplication;
  /** The key store behind the API's short memory: a key revoked through it is refused at once. */
  readonly keys: KeyStore;
}

export async function createApi(dependencies: ApiDependencies): Promise<Api> {
  const { settings, instruments, time } = dependencies;
  const keys = new CachedKeyStore(dependencies.keys);
  const log = new JsonLog(settings.logLevel, settings.writeLog);
  const server = httpServer({
    instruments,
    log,
    headers: (): Record<string, string> => (time.rate === 1 ? {} : { 'Chusuan-Clock-Rate': String(time.rate) }),
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    ApiModule.register({ ...dependencies, keys }),
    server.adapter,
    {
      logger: log,
      bodyParser: false,
      abortOnError: false,
    },
  );
  app.useGlobalFilters(new ProblemFilter(log, server.allowed));
  serveDocumentation(app, openApiDocument(app));
  await app.init();
  return {
    app,
    keys,
    listen: (port, host) => listenOn(app, { port, host }, { port: 'CHUSUAN_HTTP_PORT', host: 'CHUSUAN_HTTP_HOST' }),
    close: async () => {
      server.startClosing();
      app.get(EventStreams).closeAll();
      await app.close();
    },
  };
}
export type { ApiDependencies, ApiSettings } from './api-dependencies.js';
export type { ReferenceCatalogue } from './reference.js';
