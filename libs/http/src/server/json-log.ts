import { types } from 'node:util';
import type { LoggerService } from '@nestjs/common';

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

/** One JSON object a line, to stderr by default: stdout belongs to data. Keys of the API never get here; headers are not logged. */
export class JsonLog implements LoggerService {
  constructor(
    private readonly threshold: LogLevel = 'info',
    private readonly write: (line: string) => void = (line) => void process.stderr.write(line),
  ) {}

  notice(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (logLevels.indexOf(level) > logLevels.indexOf(this.threshold)) return;
    this.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
  }

  /** A surprise, with its stack. */
  fault(message: string, error: unknown, fields: Readonly<Record<string, unknown>> = {}): void {
    const what = types.isNativeError(error) ? { error: error.message, stack: error.stack } : { error: String(error) };
    this.notice('error', message, { ...fields, ...what });
  }

  // What Nest itself says at start is for debugging; its warnings are not.
  log(message: unknown): void {
    this.notice('debug', String(message));
  }
  verbose(message: unknown): void {
    this.notice('debug', String(message));
  }
  debug(message: unknown): void {
    this.notice('debug', String(message));
  }
  warn(message: unknown): void {
    this.notice('warn', String(message));
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.notice('error', String(message), rest.length > 0 ? { stack: String(rest[0]) } : {});
  }
}
