import { applyDecorators, HttpCode } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { type ProblemCode, problemKinds } from '../problems/problem-kinds.js';
import { ProblemDocument } from '../problems/problem.js';
import { Public, Roles } from '../access/access.guard.js';
import type { Principal } from '#libs/application';

export interface Documentation {
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Answers by status. A text answer gives its media type. */
  readonly answers: Readonly<Record<number, { readonly description: string; readonly schema: z.ZodType } | { readonly description: string; readonly mediaType: string }>>;
  /** Other problems than those that every route may answer with. */
  readonly problems?: readonly ProblemCode[];
  /** Absent: every role with a key. 'public': no key. */
  readonly roles?: 'public' | readonly Principal['role'][];
  readonly headers?: readonly { readonly name: string; readonly description: string }[];
}

const everywhere: readonly ProblemCode[] = ['internal'];
const withKey: readonly ProblemCode[] = ['key-missing', 'key-unknown', 'key-expired', 'key-revoked', 'too-many-requests', 'database-unavailable'];

/** A route with all it may answer: who may call it and what the contract says of it come from one place. */
export function Documented(doc: Documentation): MethodDecorator {
  const isPublic = doc.roles === 'public';
  const statuses = Object.keys(doc.answers).map(Number);
  const problems = [...everywhere, ...(isPublic ? [] : withKey), ...(Array.isArray(doc.roles) ? (['role-forbidden'] as const) : []), ...(doc.problems ?? [])];
  return applyDecorators(
    ApiTags(doc.tag),
    ApiOperation({ summary: doc.summary, ...(doc.description !== undefined && { description: doc.description }) }),
    HttpCode(statuses[0] ?? 200),
    ...(isPublic ? [Public()] : [ApiBearerAuth('key')]),
    ...(Array.isArray(doc.roles) ? [Roles(...(doc.roles as Principal['role'][]))] : []),
    ...(doc.headers ?? []).map(({ name, description }) => ApiHeader({ name, description, required: false })),
    ...Object.entries(doc.answers).map(([status, answer]) => answerOf(Number(status), answer)),
    ...problemResponses(problems),
  );
}

function answerOf(status: number, answer: Documentation['answers'][number]): MethodDecorator {
  const { description } = answer;
  if ('schema' in answer) return ApiResponse({ status, description, standardSchema: answer.schema });
  return ApiResponse({ status, description, content: { [answer.mediaType]: { schema: { type: 'string' } } } });
}

function problemResponses(codes: readonly ProblemCode[]): MethodDecorator[] {
  const byStatus = Map.groupBy(new Set(codes), (code) => problemKinds[code].status);
  return [...byStatus].map(([status, ofStatus]) =>
    ApiResponse({
      status,
      description: ofStatus.map((code) => `\`${code}\`: ${problemKinds[code].title.en}`).join('; '),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    }),
  );
}

/** The schema that all problem answers refer to. */
export const problemSchema = ProblemDocument;
