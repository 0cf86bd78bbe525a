import type { FastifyReply } from 'fastify';
import { Problem } from '../problems/problem.js';

export interface StreamEvent {
  readonly id?: string;
  readonly event: string;
  readonly data: unknown;
}
export interface StreamOptions {
  /** Between polls and, when nothing was said for `heartbeatMs`, comments that keep proxies from closing the line. */
  readonly pollMs: number;
  readonly heartbeatMs: number;
  readonly mostPerKey: number;
}

/** Server-sent events that are polled, not pushed: the database is the only thing all replicas share. */
export class EventStreams {
  private readonly open = new Set<AbortController>();
  private readonly perKey = new Map<string, number>();

  constructor(private readonly options: StreamOptions) {}

  /**
   * Streams what `poll` yields until it says `over`, the client leaves, or the service closes. A poll that fails ends the stream:
   * the client comes back with Last-Event-ID and is told then what is wrong. Throws the problem too-many-streams.
   */
  async stream(
    http: { readonly reply: FastifyReply; readonly keyId: string },
    poll: () => Promise<{ readonly events: readonly StreamEvent[]; readonly over: boolean }>,
  ): Promise<void> {
    const { reply, keyId } = http;
    const streams = this.perKey.get(keyId) ?? 0;
    if (streams >= this.options.mostPerKey) {
      throw new Problem('too-many-streams', `This key has ${streams} event streams open, and no more are allowed.`, {
        headers: { 'Retry-After': '10' },
      });
    }
    const first = await poll();
    const stop = new AbortController();
    this.open.add(stop);
    this.perKey.set(keyId, (this.perKey.get(keyId) ?? 0) + 1);
    reply.raw.once('close', () => stop.abort());
    try {
      reply.hijack();
      reply.raw.writeHead(200, { ...definedHeaders(reply), ...streamHeaders });
      await this.run(reply, stop.signal, first, poll);
    } finally {
      this.open.delete(stop);
      this.perKey.set(keyId, (this.perKey.get(keyId) ?? 1) - 1);
      if (this.perKey.get(keyId) === 0) this.perKey.delete(keyId);
      reply.raw.end();
    }
  }

  /** Ends every stream; their clients come back by themselves. */
  closeAll(): void {
    for (const stop of this.open) stop.abort();
  }

  private async run(
    reply: FastifyReply,
    signal: AbortSignal,
    first: { readonly events: readonly StreamEvent[]; readonly over: boolean },
    poll: () => Promise<{ readonly events: readonly StreamEvent[]; readonly over: boolean }>,
  ): Promise<void> {
    let quietMs = 0;
    for (let look = first; !signal.aborted;) {
      for (const event of look.events) reply.raw.write(framed(event));
      if (look.over) return;
      quietMs = look.events.length > 0 ? 0 : quietMs + this.options.pollMs;
      if (quietMs >= this.options.heartbeatMs) {
        reply.raw.write(': still here\n\n');
        quietMs = 0;
      }
      await pause(this.options.pollMs, signal);
      if (signal.aborted) return;
      try {
        look = await poll();
      } catch (error) {
        const code = error instanceof Problem ? error.code : 'internal';
        reply.raw.write(framed({ event: 'problem', data: { code, type: `/problems/${code}` } }));
        return;
      }
    }
  }
}

const streamHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store',
  // Asks nginx and its like not to hold events back.
  'X-Accel-Buffering': 'no',
};

function definedHeaders(reply: FastifyReply): Record<string, string | number | string[]> {
  const entries = Object.entries(reply.getHeaders()).filter(
    (entry): entry is [string, string | number | string[]] => entry[1] !== undefined,
  );
  return Object.fromEntries(entries.filter(([name]) => !['content-type', 'cache-control'].includes(name)));
}

// JSON has no raw line breaks, so one data line always does.
const framed = ({ id, event, data }: StreamEvent): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
