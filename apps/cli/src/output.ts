import stringWidth from 'string-width';

/** Data goes to stdout, messages to stderr. */
export const printData = (text: string): void => void process.stdout.write(`${text}\n`);
export { say } from './say.js';
export { duration, localTime, percent } from './formats.js';
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
