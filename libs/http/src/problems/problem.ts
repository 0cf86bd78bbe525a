import { z } from 'zod';
import { type ProblemCode, problemCodes, problemKinds } from './problem-kinds.js';

/** Where a fault is: `pointer` into the body (RFC 6901, as a URI fragment), or the name of a parameter or header. */
export interface FieldFault {
  readonly pointer?: string;
  readonly parameter?: string;
  readonly header?: string;
  readonly detail: string;
}
export interface ProblemExtras {
  readonly errors?: readonly FieldFault[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Extension members of the document; their names carry `_`, never `-` (RFC 9457, erratum 6178). */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** A foreseen answer that is not a success; thrown anywhere below a controller and turned into HTTP by the one filter. */
export class Problem extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(`${code}: ${detail}`);
  }
  get status(): number {
    return problemKinds[this.code].status;
  }
}

/** RFC 9457. `title` follows Accept-Language (zh or en), `detail` is English. */
export const ProblemDocument = z
  .looseObject({
    type: z.string().meta({ description: 'Stable address of the page that explains this kind of problem' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.enum(problemCodes as [ProblemCode, ...ProblemCode[]]),
    errors: z.array(
      z.strictObject({
        pointer: z.string().optional(),
        parameter: z.string().optional(),
        header: z.string().optional(),
        detail: z.string(),
      }),
    ),
    trace_id: z.string(),
  })
  .meta({ id: 'Problem' });
export type ProblemDocument = z.infer<typeof ProblemDocument>;

export function problemDocument(
  problem: Problem,
  request: { readonly path: string; readonly traceId: string; readonly language: 'zh' | 'en' },
): ProblemDocument {
  const kind = problemKinds[problem.code];
  return {
    type: `/problems/${problem.code}`,
    title: kind.title[request.language],
    status: kind.status,
    detail: problem.detail,
    instance: request.path,
    code: problem.code,
    errors: [...(problem.extras.errors ?? [])],
    trace_id: request.traceId,
    ...problem.extras.members,
  };
}

/** The language of titles: the first of zh and en that Accept-Language prefers; English when it names neither. */
export function languageOf(acceptLanguage: string | undefined): 'zh' | 'en' {
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const quality = parameters.map((it) => /^\s*q=([\d.]+)/.exec(it)?.[1]).find((it) => it !== undefined);
      return { language: tag.split('-')[0] ?? '', quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter((it) => it.quality > 0 && (it.language === 'zh' || it.language === 'en'))
    .toSorted((a, b) => b.quality - a.quality);
  return wanted[0]?.language === 'zh' ? 'zh' : 'en';
}
