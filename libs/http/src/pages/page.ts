import type { FastifyReply } from 'fastify';
import type { CursorSealer, ListShape } from './cursor.js';

export interface PageBody<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** Answers one page, and `Link: <…>; rel="next"` (RFC 8288) when there is another. */
export function pageOf<T>(
  page: { readonly items: readonly T[]; readonly after: string | null },
  sealing: { readonly sealer: CursorSealer; readonly shape: ListShape },
  reply: FastifyReply,
): PageBody<T> {
  const nextCursor = page.after === null ? null : sealing.sealer.seal(page.after, sealing.shape);
  if (nextCursor !== null) {
    const [path, query] = reply.request.url.split('?', 2);
    const parameters = new URLSearchParams(query);
    parameters.set('cursor', nextCursor);
    void reply.header('Link', `<${path}?${parameters.toString()}>; rel="next"`);
  }
  return { items: page.items, nextCursor };
}
