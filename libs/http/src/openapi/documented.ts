import { applyDecorators, HttpCode } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { type ProblemCode, problemKinds } from '../problems/problem-kinds.js';
import { Public, Roles } from '../access/access.guard.js';
import type { Principal } from '#libs/application';

export interface Answer {
  readonly description: string;
  /** Of the JSON; it carries an id. */
  readonly schema?: z.ZodType;
  /** Media type of the text that is answered instead, or, beside a schema, to who asks for it. */
  readonly mediaType?: string;
}
export interface Documentation {
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Other problems than those that every route may answer with. */
  readonly problems?: readonly ProblemCode[];
  /** Absent: every role with a key. 'public': no key. */
  readonly roles?: 'public' | readonly Principal['role'][];
  readonly headers?: readonly { readonly name: string; readonly description: string }[];
}

const everywhere: readonly ProblemCode[] = ['internal'];
const withKey: readonly ProblemCode[] = [
  'key-missing',
  'key-unknown',
  'key-expired',
  'key-revoked',
  'too-many-requests',
  'database-unavailable',
];

/** A route with all it may answer: who may call it and what the contract says of it come from one place. */
export function Documented(doc: Documentation): MethodDecorator {
  const isPublic = doc.roles === 'public';
  const statuses = Object.keys(doc.answers).map(Number);
  const problems = [
    ...everywhere,
    ...(isPublic ? [] : withKey),
    ...(Array.isArray(doc.roles) ? (['role-forbidden'] as const) : []),
    ...(doc.problems ?? []),
  ];
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

function answerOf(status: number, { description, schema, mediaType }: Answer): MethodDecorator {
  if (mediaType === undefined) return ApiResponse({ status, description, ...(schema && { standardSchema: schema }) });
  const text = { [mediaType]: { schema: { type: 'string' as const } } };
  if (!schema) return ApiResponse({ status, description, content: text });
  // Two media types cannot go through standardSchema; the document adds schemas that are only referred to (alsoReferred).
  const json = { schema: { $ref: `#/components/schemas/${schema.meta()?.id}` } };
  return ApiResponse({ status, description, content: { 'application/json': json, ...text } });
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
