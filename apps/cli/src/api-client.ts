import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '#libs/config';
import { CliError, reasonOfProblem } from './exit.js';

export interface Credentials {
  readonly operator: string;
  readonly planner: string;
  readonly auditor: string;
  readonly tenants: Readonly<Record<string, string>>;
}
interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly errors?: readonly {
    readonly pointer?: string;
    readonly parameter?: string;
    readonly header?: string;
    readonly detail: string;
  }[];
}

/** Where `chusuan dev` writes the keys it makes. */
export const credentialsFile = (dataDir: string): string => join(dataDir, 'credentials.json');

/**
 * The key a verb uses: CHUSUAN_KEY, else the development keys in the data directory: the operator's, or with `--as` a role's
 * or a tenant's.
 */
export function chooseKey({ dataDir, apiKey }: Settings, as: string | undefined): string {
  if (apiKey !== undefined && as === undefined) return apiKey;
  const file = credentialsFile(dataDir);
  if (!existsSync(file)) {
    throw new CliError(
      'denied',
      `No API key: set CHUSUAN_KEY, or start \`npm start\` once, which writes keys to ${file}.`,
    );
  }
  const credentials = JSON.parse(readFileSync(file, 'utf8')) as Credentials;
  const role = as ?? 'operator';
  const key =
    role === 'operator' || role === 'planner' || role === 'auditor' ? credentials[role] : credentials.tenants[role];
  if (!key) {
    throw new CliError(
      'denied',
      `${file} has no key for "${role}": use operator, planner, auditor or one of ${Object.keys(credentials.tenants).join(', ')}.`,
    );
  }
  return key;
}

export class ApiClient {
  constructor(
    private readonly baseUrl: string,
    private readonly key: string,
  ) {}

  get<T>(path: string): Promise<T> {
    return this.send<T>('GET', path);
  }
  post<T>(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<T> {
    return this.send<T>('POST', path, body, headers);
  }
  put<T>(path: string, body: unknown): Promise<T> {
    return this.send<T>('PUT', path, body);
  }
  delete<T>(path: string): Promise<T> {
    return this.send<T>('DELETE', path);
  }
  patch<T>(path: string, body: unknown): Promise<T> {
    return this.send<T>('PATCH', path, body);
  }

  private async send<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const response = await this.reach(method, path, body, headers);
    const text = await response.text();
    if (!response.ok) throw this.refused(response.status, text);
    // The API's answers are checked against its own schemas by its tests; the CLI reads the fields it prints.
    return JSON.parse(text) as T;
  }

  private async reach(
    method: string,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
  ): Promise<Response> {
    try {
      return await fetch(new URL(path, this.baseUrl), {
        method,
        headers: {
          authorization: `Bearer ${this.key}`,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(30_000),
      });
    } catch (error) {
      const why =
        error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
      throw new CliError(
        'try-later',
        `${this.baseUrl} does not answer (${why}). Is the service running? \`npm start\` starts it; CHUSUAN_URL names another.`,
      );
    }
  }

  private refused(status: number, text: string): CliError {
    let problem: Problem = {};
    try {
      problem = JSON.parse(text) as Problem;
    } catch {
      // not problem+json: a proxy in between, say so by the status alone
    }
    const lines = [
      `${problem.title ?? `HTTP ${status}`}${problem.code ? ` (${problem.code})` : ''}`,
      ...(problem.detail ? [problem.detail] : []),
      ...(problem.errors ?? []).map(
        (error) => `  ${error.pointer ?? error.parameter ?? error.header ?? 'request'}: ${error.detail}`,
      ),
    ];
    return new CliError(reasonOfProblem(status, problem.code), lines.join('\n'));
  }
}
