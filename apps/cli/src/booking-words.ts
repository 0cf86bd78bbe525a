import { CliError } from './exit.js';

export interface PartAsked {
  readonly pool: string;
  readonly group?: string;
  readonly nodes?: number | readonly string[] | 'all';
}

/** POOL[/GROUP][=N|all|NODE,NODE…] of `--on`; without nodes: all. */
export function partOf(text: string): PartAsked {
  const match = /^(?<pool>[^/=\s]+)(?:\/(?<group>[^/=\s]+))?(?:=(?<nodes>[^=\s]+))?$/.exec(text);
  const { pool, group, nodes } = match?.groups ?? {};
  if (pool === undefined) {
    throw new CliError(
      'usage',
      `"${text}" names no nodes: write POOL, POOL/GROUP, POOL/GROUP=4 or POOL/GROUP=NODE,NODE.`,
    );
  }
  return {
    pool,
    ...(group !== undefined && { group }),
    ...(nodes !== undefined && {
      nodes: nodes === 'all' ? ('all' as const) : /^\d+$/.test(nodes) ? Number(nodes) : nodes.split(','),
    }),
  };
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
/** Seconds of 45s, 90m, 2h, 3d, or 1h30m. */
export function secondsOf(text: string): number {
  if (!/^(\d+[smhd])+$/.test(text))
    throw new CliError('usage', `"${text}" is no duration: write 90m, 2h, 1h30m or 3d.`);
  return [...text.matchAll(/(\d+)([smhd])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? 0),
    0,
  );
}

/** RFC 3339 as it stands; a time without an offset, such as "2026-12-01 08:00", is one in Asia/Shanghai. */
export function timeOf(text: string): string {
  const local = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?$/.exec(text);
  if (local) return `${local[1]}T${local[2]}${local[3] ?? ':00'}+08:00`;
  if (Number.isNaN(Date.parse(text)) || !/(Z|[+-]\d{2}:\d{2})$/.test(text)) {
    throw new CliError(
      'usage',
      `"${text}" is no time: write "2026-12-01 08:00" (Asia/Shanghai) or 2026-12-01T08:00:00+08:00.`,
    );
  }
  return text;
}

export interface Repeats {
  readonly daily?: boolean;
  readonly weekly?: string | true;
  readonly every?: string;
  readonly times?: string;
  readonly last?: string;
}
/** The recurrence of a body; undefined where it happens once. */
export function recurrenceOf({
  daily,
  weekly,
  every,
  times,
  last,
}: Repeats): Readonly<Record<string, unknown>> | undefined {
  if (daily && weekly) throw new CliError('usage', '--daily and --weekly exclude each other.');
  if (!daily && !weekly) {
    if (every ?? times ?? last)
      throw new CliError(
        'usage',
        '--every, --times and --last say how --daily or --weekly goes on: give one of these.',
      );
    return undefined;
  }
  return {
    frequency: daily ? 'daily' : 'weekly',
    ...(typeof weekly === 'string' && { weekdays: weekly.split(',') }),
    ...(every !== undefined && { interval: Number(every) }),
    ...(times !== undefined && { count: Number(times) }),
    ...(last !== undefined && { until: timeOf(last) }),
  };
}
