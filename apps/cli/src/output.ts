import stringWidth from 'string-width';

/** Data goes to stdout, messages to stderr. */
export const printData = (text: string): void => void process.stdout.write(`${text}\n`);
export { say } from './say.js';
export const printJson = (value: unknown): void => printData(JSON.stringify(value, null, process.stdout.isTTY ? 2 : 0));

/** Columns without borders, padded by display width so that 中文 lines up. */
export function table(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headers.map((header, column) =>
    Math.max(stringWidth(header), ...rows.map((row) => stringWidth(row[column] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - stringWidth(cell))))
      .join('  ')
      .trimEnd();
  return [line(headers), ...rows.map(line)].join('\n');
}

const shanghaiTime = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'Asia/Shanghai',
  dateStyle: 'short',
  timeStyle: 'medium',
});
/** "2026-11-22 08:00:00" in Asia/Shanghai, or a dash. */
export const localTime = (text: string | null | undefined): string =>
  text ? shanghaiTime.format(new Date(text)) : '-';

export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)}s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)}m`;
  if (seconds < 172_800) return `${(seconds / 3600).toFixed(1)}h`;
  return `${(seconds / 86_400).toFixed(1)}d`;
}
export const percent = (share: number | null | undefined): string =>
  share === null || share === undefined ? '-' : `${(share * 100).toFixed(1)}%`;
