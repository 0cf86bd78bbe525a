import { describeSettings, parseSettings, renderFaults, renderSettings } from './index.js';

const faultsOf = (environment: Record<string, string>): string[] => {
  const parsed = parseSettings(environment);
  return parsed.kind === 'ok' ? [] : parsed.faults.map(({ where, problem }) => `${where} ${problem}`);
};

const wrongSettings: Record<string, { environment: Record<string, string>; wantFaults: string[] }> = {
  'a port is a whole number': {
    environment: { CHUSUAN_HTTP_PORT: '3000.5' },
    wantFaults: ['CHUSUAN_HTTP_PORT is no port'],
  },
  'a port has an end': { environment: { CHUSUAN_HTTP_PORT: '65536' }, wantFaults: ['CHUSUAN_HTTP_PORT is no port'] },
  'API and metrics cannot share a port': {
    environment: { CHUSUAN_HTTP_PORT: '9464' },
    wantFaults: ['CHUSUAN_METRICS_PORT is the same port as CHUSUAN_HTTP_PORT'],
  },
  'both may take a free port': {
    environment: { CHUSUAN_HTTP_PORT: '0', CHUSUAN_METRICS_PORT: '0' },
    wantFaults: [],
  },
  'time does not stand still': {
    environment: { CHUSUAN_TIME_SCALE: '0' },
    wantFaults: ['CHUSUAN_TIME_SCALE is no time scale'],
  },
  'time goes at most 100000 times as fast': {
    environment: { CHUSUAN_TIME_SCALE: '100001' },
    wantFaults: ['CHUSUAN_TIME_SCALE is no time scale'],
  },
  'the database is a PostgreSQL': {
    environment: { CHUSUAN_DATABASE_URL: 'mysql://db.example/x' },
    wantFaults: ['CHUSUAN_DATABASE_URL is no PostgreSQL address'],
  },
  'a log level is one of the list': {
    environment: { CHUSUAN_LOG_LEVEL: 'loud' },
    wantFaults: ['CHUSUAN_LOG_LEVEL is no log level'],
  },
  'all faults come at once': {
    environment: { CHUSUAN_HTTP_PORT: 'x', CHUSUAN_TIME_SCALE: '-1', CHUSUAN_COLOUR: 'red' },
    wantFaults: ['CHUSUAN_COLOUR is no setting', 'CHUSUAN_HTTP_PORT is no port', 'CHUSUAN_TIME_SCALE is no time scale'],
  },
};
describe('settings', () => {
  it('an empty environment gives the defaults', () => {
    expect(parseSettings({})).toEqual({
      kind: 'ok',
      settings: {
        httpPort: 3000,
        httpHost: '127.0.0.1',
        metricsPort: 9464,
        databaseUrl: undefined,
        dataDir: '.chusuan',
        seedsDir: 'seeds',
        timeScale: undefined,
        logLevel: 'warn',
        metricsToken: undefined,
        requestsPerSecond: 2000,
        replayDays: 7,
        replayGib: 10,
        apiUrl: 'http://127.0.0.1:3000',
        apiKey: undefined,
      },
    });
  });

  it('reads what is set, and takes an empty text for unset', () => {
    const parsed = parseSettings({
      CHUSUAN_HTTP_PORT: '8080',
      CHUSUAN_TIME_SCALE: '0.5',
      CHUSUAN_LOG_LEVEL: 'DEBUG',
      CHUSUAN_DATABASE_URL: 'postgresql://me@db.example:5432/chusuan',
      CHUSUAN_DATA_DIR: '',
      HOME: '/somewhere',
    });
    expect(parsed).toMatchObject({
      kind: 'ok',
      settings: { httpPort: 8080, timeScale: 0.5, logLevel: 'debug', dataDir: '.chusuan' },
    });
  });

  it.each(Object.entries(wrongSettings))('%s', (_sentence, { environment, wantFaults }) => {
    expect(faultsOf(environment)).toEqual(wantFaults);
  });

  it.each([
    [{}, 'http://127.0.0.1:3000'],
    [{ CHUSUAN_HTTP_PORT: '3700' }, 'http://127.0.0.1:3700'],
    [{ CHUSUAN_HTTP_PORT: '3700', CHUSUAN_URL: ' ' }, 'http://127.0.0.1:3700'],
    [{ CHUSUAN_HTTP_PORT: '3700', CHUSUAN_URL: 'https://chusuan.example' }, 'https://chusuan.example'],
    // A free port is known to nobody before it is taken.
    [{ CHUSUAN_HTTP_PORT: '0' }, 'http://127.0.0.1:3000'],
  ])('the command line goes where the service is: %j', (environment, apiUrl) => {
    expect(parseSettings(environment)).toMatchObject({ kind: 'ok', settings: { apiUrl } });
  });

  it('a misspelt name gets a suggestion', () => {
    expect(parseSettings({ CHUSUAN_TIMESCALE: '1' })).toEqual({
      kind: 'faults',
      faults: [{ where: 'CHUSUAN_TIMESCALE', problem: 'is no setting', remedy: 'did you mean CHUSUAN_TIME_SCALE?' }],
    });
  });

  it('no fault shows the value of a setting', () => {
    const secret = 'pa55word-of-somebody';
    const names = describeSettings().map(({ name }) => name);
    const refused = names.map((name) => parseSettings({ [name]: secret, [`CHUSUAN_${secret.length}`]: secret }));
    for (const parsed of refused) {
      expect(parsed.kind).toBe('faults');
      expect(JSON.stringify(parsed)).not.toContain(secret);
    }
  });

  it('the table has a row for each setting', () => {
    const table = renderSettings();
    const rows = table.split('\n');
    expect(rows).toHaveLength(describeSettings().length + 2);
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
    expect(table).toContain('| CHUSUAN_METRICS_PORT');
  });

  it('faults are rendered one below the other, each with what to do', () => {
    const parsed = parseSettings({ CHUSUAN_HTTP_PORT: 'x', CHUSUAN_METRICS_PORT: 'y' });
    const text = renderFaults(parsed.kind === 'faults' ? parsed.faults : []);
    expect(text).toBe(
      '2 faults:\n' +
        '- CHUSUAN_HTTP_PORT: is no port\n    give a whole number from 0 to 65535\n' +
        '- CHUSUAN_METRICS_PORT: is no port\n    give a whole number from 0 to 65535',
    );
  });
});
