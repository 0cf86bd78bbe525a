import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CursorSealer, ListShape } from './cursor.js';

export interface PageBody<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** Answers one page, and `Link: <…>; rel="next"` (RFC 8288) when there is another. */
export function pageOf<T>(
  page: { readonly items: readonly T[]; readonly after: string | null },
  sealing: { readonly sealer: CursorSealer; readonly shape: ListShape },
  http: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): PageBody<T> {
  const nextCursor = page.after === null ? null : sealing.sealer.seal(page.after, sealing.shape);
  if (nextCursor !== null) {
    const [path, query] = http.request.url.split('?', 2);
    const parameters = new URLSearchParams(query);
    parameters.set('cursor', nextCursor);
    void http.reply.header('Link', `<${path}?${parameters}>; rel="next"`);
  }
  return { items: page.items, nextCursor };
}
