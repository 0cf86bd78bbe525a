import { types } from 'node:util';
import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { JsonLog } from '../server/json-log.js';
import { Problem, languageOf, problemDocument } from './problem.js';
import { problemOf } from './problem-of.js';

/** Methods that a path takes although it was asked with another; empty for a path that does not exist. */
export type AllowedMethods = (path: string) => readonly string[];

@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly log: JsonLog,
    private readonly allowed: AllowedMethods,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = this.named(error, request);
    // The head is out when a stream breaks: nothing can be said any more but that it ended.
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    sendProblem(problem, request, reply);
  }

  private named(error: unknown, request: FastifyRequest): Problem {
    const problem = problemOf(error);
    if (!problem) {
      this.log.fault('request failed', error, {
        trace_id: request.id,
        method: request.method,
        path: pathOf(request.url),
      });
      return new Problem('internal', 'An unforeseen error; it was logged under this trace_id.');
    }
    if (problem.status >= 500) {
      this.log.notice('warn', problem.detail, { trace_id: request.id, code: problem.code, cause: messageOf(error) });
    }
    return problem.code === 'route-unknown' ? this.otherMethod(request) : problem;
  }

  private otherMethod(request: FastifyRequest): Problem {
    const path = pathOf(request.url);
    const methods = this.allowed(path);
    if (methods.length === 0) {
      return new Problem('route-unknown', `There is no ${request.method} ${path}. See /docs for the routes there are.`);
    }
    return new Problem(
      'method-not-allowed',
      `${path} does not take ${request.method}; it takes ${methods.join(', ')}.`,
      {
        headers: { Allow: methods.join(', ') },
      },
    );
  }
}

export function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  const language = languageOf(request.headers['accept-language']);
  const document = problemDocument(problem, { path: pathOf(request.url), traceId: request.id, language });
  void reply
    .code(problem.status)
    .headers({ ...problem.extras.headers, 'Content-Language': language, Vary: 'Accept-Language' })
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(document));
}

const pathOf = (url: string): string => url.split('?', 1)[0] ?? url;
const messageOf = (error: unknown): string => (types.isNativeError(error) ? error.message : String(error));
