import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HttpInstruments, HttpPriority } from '#libs/application';
import type { AllowedMethods } from '../problems/problem.filter.js';
import { sendProblem } from '../problems/problem.filter.js';
import { Problem, problemDocument } from '../problems/problem.js';
import { problemOf } from '../problems/problem-of.js';
import type { ProblemCode } from '../problems/problem-kinds.js';
import { traceIdOf } from '../requests/trace.js';
import type { JsonLog } from './json-log.js';
import { RouteTable } from './route-table.js';
import { securityHeadersFor } from './security-headers.js';

const BODY_LIMIT_BYTES = 1_048_576;
const REQUEST_TIMEOUT_MS = 30_000;
const LONGEST_PARAMETER = 200;

export interface HttpServerOptions {
  readonly instruments: HttpInstruments;
  readonly log: JsonLog;
  /** Headers that every answer carries, asked at each. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** Wall seconds that only move forward. */
  readonly stopwatchSeconds?: () => number;
}
export interface HttpServer {
  readonly adapter: FastifyAdapter;
  readonly allowed: AllowedMethods;
  /** From now on new requests are told to go elsewhere; those under way are finished. */
  startClosing(): void;
}

/** Fastify, set up before Nest touches it: limits, one parser for bodies, trace ids, headers, times by route template. */
export function httpServer(options: HttpServerOptions): HttpServer {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    // A client that trickles its request is let go (slow-loris): node answers 408 through clientErrorHandler.
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: 0,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    genReqId: (raw: IncomingMessage) => traceIdOf(raw.headers),
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      // The router turned it away before any hook ran.
      void reply.headers({ ...securityHeadersFor(request.url), ...options.headers(), 'X-Request-Id': request.id });
      sendProblem(problemOf(error) ?? new Problem('url-malformed', 'The address cannot be read.'), request, reply);
    },
    clientErrorHandler: (error: Error & { code?: string }, socket: Socket) =>
      answerBrokenRequest(error, socket, options.instruments),
  });
  const fastify: FastifyInstance = adapter.getInstance();
  const routes = new RouteTable();
  let closing = false;
  fastify.addHook('onRoute', ({ method, url }) => routes.add(method, url));
  readBodiesAsText(fastify);
  countAndLog(fastify, options);
  fastify.addHook('onRequest', async (request, reply) => {
    void reply.headers({ ...securityHeadersFor(request.url), ...options.headers(), 'X-Request-Id': request.id });
    if (!closing) return;
    options.instruments.rejected('overload');
    sendProblem(shuttingDown(), request, reply.header('Connection', 'close'));
  });
  return { adapter, allowed: (path) => routes.methodsOf(path), startClosing: () => void (closing = true) };
}

const shuttingDown = (): Problem =>
  new Problem(
    'shutting-down',
    'The service is shutting down; another instance, or this one in a moment, will answer.',
    {
      headers: { 'Retry-After': '5' },
    },
  );

// Only JSON comes in, and only as text: who sends it is asked before it is parsed (RequestPipe).
function readBodiesAsText(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: BODY_LIMIT_BYTES },
    (_request, body, done) => done(null, body),
  );
}

function countAndLog(fastify: FastifyInstance, { instruments, log, stopwatchSeconds }: HttpServerOptions): void {
  const seconds = stopwatchSeconds ?? ((): number => performance.now() / 1000);
  fastify.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    const begun = seconds();
    const priority = priorityOf(request);
    instruments.began(priority);
    // 'close' comes after every answer, finished or not: a client that hangs up must not stay counted as in flight.
    reply.raw.once('close', () => {
      const route = templateOf(request.routeOptions.url);
      const taken = seconds() - begun;
      const code = reply.raw.writableFinished ? reply.raw.statusCode : 499;
      instruments.ended({ route, method: request.method, code, seconds: taken, priority });
      if (code === 413) instruments.rejected('too-large');
      const level = code >= 500 ? 'warn' : 'info';
      log.notice(level, 'answered', {
        trace_id: request.id,
        method: request.method,
        route,
        code,
        ms: Math.round(taken * 10_000) / 10,
      });
    });
  });
}

function priorityOf(request: FastifyRequest): HttpPriority {
  const route = request.routeOptions.url ?? '';
  if (route === '/healthz' || route === '/readyz') return 'health';
  if (request.method === 'GET' || request.method === 'HEAD') return 'read';
  return request.method === 'PATCH' || route.endsWith('/cancel') ? 'control' : 'write';
}

/** `/v1/jobs/:id` as `/v1/jobs/{id}`; what no route took is one label, whatever the path was. */
const templateOf = (url: string | undefined): string =>
  url === undefined ? 'unmatched' : url.replaceAll(/:([A-Za-z]+)/g, '{$1}');

const byNodeCode: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['request-timeout', 'The request did not arrive within 30 s.'],
  HPE_HEADER_OVERFLOW: ['headers-too-large', 'The headers are larger than 16 KiB.'],
};

/** Answers what is no HTTP, or never became a whole request: there is no request object, so the head is written by hand. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket, instruments: HttpInstruments): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [code, detail] = byNodeCode[error.code ?? ''] ?? ['url-malformed', 'What was sent is not an HTTP/1.1 request.'];
  if (code === 'request-timeout') instruments.rejected('timeout');
  const problem = new Problem(code, detail);
  const body = JSON.stringify(problemDocument(problem, { path: '', traceId: traceIdOf({}), language: 'en' }));
  const head = `HTTP/1.1 ${problem.status} ${problem.code}\r\nContent-Type: application/problem+json; charset=utf-8\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
}
