import { type Fault, nearestWord } from './fault.js';

const PREFIX = 'CHUSUAN_';
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

/** A value, or what is wrong with the text. The text itself must not appear: a setting may be a secret. */
type Read<T> = { readonly value: T } | { readonly problem: string; readonly remedy: string };

interface Definition<T> {
  readonly name: `${typeof PREFIX}${string}`;
  readonly default: T;
  readonly read: (text: string) => Read<T>;
  readonly meaning: string;
}
const define = <T>(definition: Definition<T>): Definition<T> => definition;

/** Every setting there is. A new one is a new row: its type, check, default and line in the table follow from it. */
const definitions = {
  httpPort: define({
    name: 'CHUSUAN_HTTP_PORT',
    default: 3000,
    read: port,
    meaning: 'port of the API; 0 takes a free one',
  }),
  httpHost: define({
    name: 'CHUSUAN_HTTP_HOST',
    default: '127.0.0.1',
    read: words,
    meaning: 'address that API and metrics listen on',
  }),
  metricsPort: define({
    name: 'CHUSUAN_METRICS_PORT',
    default: 9464,
    read: port,
    meaning: 'port of /metrics for Prometheus; 0 takes a free one',
  }),
  databaseUrl: define<string | undefined>({
    name: 'CHUSUAN_DATABASE_URL',
    default: undefined,
    read: databaseUrl,
    meaning: 'PostgreSQL to use; without it an embedded one runs in the data directory',
  }),
  dataDir: define({
    name: 'CHUSUAN_DATA_DIR',
    default: '.chusuan',
    read: words,
    meaning: 'directory of the embedded database and of credentials.json',
  }),
  seedsDir: define({
    name: 'CHUSUAN_SEEDS_DIR',
    default: 'seeds',
    read: words,
    meaning: 'directory of the seed files',
  }),
  policyFile: define<string | undefined>({
    name: 'CHUSUAN_POLICY_FILE',
    default: undefined,
    read: words,
    meaning: 'the planning policy, looked at every few seconds; unset: policy.yaml in the seeds',
  }),
  timeScale: define<number | undefined>({
    name: 'CHUSUAN_TIME_SCALE',
    default: undefined,
    read: timeScale,
    meaning: 'service seconds a wall second, over 0 and up to 100000; 1 unless `chusuan dev` says otherwise',
  }),
  logLevel: define<LogLevel>({
    name: 'CHUSUAN_LOG_LEVEL',
    default: 'warn',
    read: logLevel,
    meaning: `one of ${logLevels.join(', ')}; info tells every request of the API`,
  }),
  metricsToken: define<string | undefined>({
    name: 'CHUSUAN_METRICS_TOKEN',
    default: undefined,
    read: words,
    meaning: 'when set, only who sends it as a bearer token reads /metrics',
  }),
  requestsPerSecond: define({
    name: 'CHUSUAN_RATE_LIMIT',
    default: 2000,
    read: requestRate,
    meaning: 'requests a second that each API key may make, with bursts of twice as many',
  }),
  replayDays: define({
    name: 'CHUSUAN_REPLAY_DAYS',
    default: 7,
    read: replayBound,
    meaning: 'days for which cycles are kept for `chusuan replay`, 1-3650',
  }),
  replayGib: define({
    name: 'CHUSUAN_REPLAY_GIB',
    default: 10,
    read: replayBound,
    meaning: 'GiB that the records of cycles may take, 1-3650; the oldest go first',
  }),
  apiUrl: define({
    name: 'CHUSUAN_URL',
    default: 'http://127.0.0.1:3000',
    read: httpUrl,
    meaning: 'the API that the command line talks to; CHUSUAN_HTTP_PORT moves the default',
  }),
  apiKey: define<string | undefined>({
    name: 'CHUSUAN_KEY',
    default: undefined,
    read: words,
    meaning: 'the API key that the command line sends; without it, a key of credentials.json',
  }),
};

type Definitions = typeof definitions;
/** `timeScale` is undefined where nobody set it: dev and production have different defaults, which the cli decides. */
export type Settings = { readonly [K in keyof Definitions]: Definitions[K]['default'] };
export type ParsedSettings =
  { readonly kind: 'ok'; readonly settings: Settings } | { readonly kind: 'faults'; readonly faults: readonly Fault[] };

/**
 * Reads every CHUSUAN_ setting of an environment at once. An empty text counts as unset. Faults name the setting and never
 * show its value; a CHUSUAN_ name that no setting has is a fault too, for it is most often a misspelt one.
 */
export function parseSettings(environment: Readonly<Record<string, string | undefined>>): ParsedSettings {
  const faults: Fault[] = [...unknownNames(environment)];
  const values: Record<string, unknown> = {};
  for (const [key, definition] of Object.entries(definitions)) {
    const text = environment[definition.name]?.trim();
    if (text === undefined || text === '') {
      values[key] = definition.default;
      continue;
    }
    const read = definition.read(text);
    if ('value' in read) values[key] = read.value;
    else faults.push({ where: definition.name, problem: read.problem, remedy: read.remedy });
  }
  // Who moves the service moves the command line with it.
  if (!environment[definitions.apiUrl.name]?.trim() && Number(values['httpPort']) > 0) {
    values['apiUrl'] = `http://127.0.0.1:${String(values['httpPort'])}`;
  }
  const settings = values as Settings;
  if (settings.httpPort && settings.httpPort === settings.metricsPort) {
    faults.push({
      where: 'CHUSUAN_METRICS_PORT',
      problem: 'is the same port as CHUSUAN_HTTP_PORT',
      remedy: 'give the two different ports, or 0 to take a free one',
    });
  }
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'ok', settings };
}

function unknownNames(environment: Readonly<Record<string, string | undefined>>): Fault[] {
  const known: string[] = Object.values(definitions).map(({ name }) => name);
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name))
    .toSorted()
    .map((name) => {
      const near = nearestWord(name, known);
      const remedy = near ? `did you mean ${near}?` : `unset it, or use one of ${known.join(', ')}`;
      return { where: name, problem: 'is no setting', remedy };
    });
}

export interface SettingDescription {
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
}

/** One row a setting, for READMEs and --help. */
export const describeSettings = (): readonly SettingDescription[] =>
  Object.values(definitions).map((definition) => ({
    name: definition.name,
    default: definition.default === undefined ? '(unset)' : String(definition.default),
    meaning: definition.meaning,
  }));

/** The rows of `describeSettings` as a table of text that is also Markdown. */
export function renderSettings(rows: readonly SettingDescription[] = describeSettings()): string {
  const cells = [['setting', 'default', 'meaning'], ...rows.map((row) => [row.name, row.default, row.meaning])];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  const [head = [], ...body] = cells;
  return [line(head), rule, ...body.map(line)].join('\n');
}

function port(text: string): Read<number> {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65_535) return { value };
  return { problem: 'is no port', remedy: 'give a whole number from 0 to 65535' };
}

function words(text: string): Read<string> {
  return { value: text };
}

function databaseUrl(text: string): Read<string> {
  const isPostgres = URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol);
  if (isPostgres) return { value: text };
  return {
    problem: 'is no PostgreSQL address',
    remedy: 'give postgresql://user:password@host:port/database, or unset it to run the embedded database',
  };
}

function replayBound(text: string): Read<number> {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1 && value <= 3650) return { value };
  return { problem: 'is no whole number between 1 and 3650', remedy: 'give one, such as 7' };
}

function requestRate(text: string): Read<number> {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return { value };
  return { problem: 'is no rate', remedy: 'give requests a second, over 0' };
}

function httpUrl(text: string): Read<string> {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return { value: text };
  return { problem: 'is no address of an API', remedy: 'give http://host:port, as `npm start` prints it' };
}

function timeScale(text: string): Read<number> {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0 && value <= 100_000) return { value };
  return { problem: 'is no time scale', remedy: 'give a number over 0 and up to 100000; production runs at 1' };
}

function logLevel(text: string): Read<LogLevel> {
  const level = logLevels.find((candidate) => candidate === text.toLowerCase());
  return level ? { value: level } : { problem: 'is no log level', remedy: `give one of ${logLevels.join(', ')}` };
}
