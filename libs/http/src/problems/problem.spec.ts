import { HttpException, NotFoundException } from '@nestjs/common';
import { BookingsBusy, EngineUnreachable } from '#libs/application';
import { Problem, ProblemDocument, languageOf, problemDocument } from './problem.js';
import { problemOf } from './problem-of.js';
import { problemCodes, problemKinds } from './problem-kinds.js';

const withCode = (code: string, message = 'x'): Error => Object.assign(new Error(message), { code });

const named: Record<string, { error: unknown; want: string | null }> = {
  'a problem is itself': { error: new Problem('job-unknown', 'x'), want: 'job-unknown' },
  'a refused connection': { error: withCode('ECONNREFUSED'), want: 'database-unavailable' },
  'a refused connection on several addresses': {
    error: new AggregateError([withCode('ECONNREFUSED')]),
    want: 'database-unavailable',
  },
  'a server that shuts down': { error: withCode('57P01'), want: 'database-unavailable' },
  'a full disk': { error: withCode('53100'), want: 'database-unavailable' },
  'a connection that broke': { error: new Error('Connection terminated unexpectedly'), want: 'database-unavailable' },
  'a loss below another error': {
    error: new Error('query failed', { cause: withCode('08006') }),
    want: 'database-unavailable',
  },
  'an engine that is away': { error: new EngineUnreachable('pool', 'refused'), want: 'engine-unreachable' },
  'bookings that others hold up': { error: new BookingsBusy(), want: 'bookings-busy' },
  'a body too large for Fastify': {
    error: new HttpException('x', 413, { cause: withCode('FST_ERR_CTP_BODY_TOO_LARGE') }),
    want: 'body-too-large',
  },
  'a route of nobody': { error: new NotFoundException(), want: 'route-unknown' },
  'a row that violates a check': { error: withCode('23514'), want: null },
  'a mistake of ours': { error: new TypeError('undefined is not a function'), want: null },
  'something thrown that is no error': { error: 'oops', want: null },
};

describe('errors as problems', () => {
  it.each(Object.entries(named))('%s', (_sentence, { error, want }) =>
    expect(problemOf(error)?.code ?? null).toBe(want),
  );

  it('each kind makes a valid document in both languages', () => {
    for (const code of problemCodes) {
      for (const language of ['zh', 'en'] as const) {
        const document = problemDocument(new Problem(code, 'detail'), { path: '/v1/jobs', traceId: 't', language });
        expect(ProblemDocument.parse(document)).toMatchObject({
          type: `/problems/${code}`,
          status: problemKinds[code].status,
          title: problemKinds[code].title[language],
        });
      }
    }
  });
});

describe('the language of titles', () => {
  it.each([
    [undefined, 'en'],
    ['*', 'en'],
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
    ['en;q=0.5, zh;q=0.9', 'zh'],
    ['en-GB, zh;q=0.9', 'en'],
    ['zh;q=0, en', 'en'],
    ['fr, de', 'en'],
  ] as const)('of "%s" is %s', (header, want) => expect(languageOf(header)).toBe(want));
});
