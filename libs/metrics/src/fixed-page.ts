import { catalogue } from './catalogue.js';
import { aGroup, aPoolView, type FixedRows, type FixedSources } from './fixed-sources.js';
import { MetricsPage } from './metrics-page.js';
import { ProcessInstruments } from './process-instruments.js';
import { StateMetrics } from './state-metrics.js';

/** Doubles for the specs of this folder: a page over fixed sources, and its lines read back. */
export const hour = 1_800_000_000_000;
export const fixedClock = { now: () => 1_795_000_100_000, stopwatch: () => 0 };

export interface FixedPage {
  readonly page: MetricsPage;
  readonly instruments: ProcessInstruments;
  readonly failures: readonly string[];
}
export function pageOver(sources: FixedSources): FixedPage {
  const build = { version: '1.2.3', revision: 'abc', nodeVersion: 'v24' };
  const instruments = new ProcessInstruments({ counters: sources.counters, build });
  const failures: string[] = [];
  const onFailure = (collector: string): void => void failures.push(collector);
  const state = new StateMetrics({ sources, instruments, clock: fixedClock, onFailure });
  return { page: new MetricsPage(instruments, state), instruments, failures };
}

export interface Line {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
export function parsed(body: string): Line[] {
  return body
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value = ''] = /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]);
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });
}
export const scraped = async (page: MetricsPage): Promise<Line[]> => parsed((await page.write('text')).body);
export const sumOf = (lines: readonly Line[], name: string, labels: Readonly<Record<string, string>> = {}): number =>
  lines
    .filter((line) => line.name === `chusuan_${name}`)
    .filter((line) => Object.entries(labels).every(([label, value]) => line.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);

export const anEnergyRow = (pool: string): FixedRows['energy'][number] => ({
  pool,
  itJoules: 800,
  facilityJoules: 1_000,
  direct: 100,
  storage: 0,
  contract: 300,
  grid: 600,
  greenMatched: 400,
  greenAvailable: 450,
  greenCurtailed: 50,
  gridGreen: 240,
  locationGrams: 5,
  marketGrams: 4,
  estimatedRatio: 1,
  costYuan: 0.5,
});

/** Something in every family. */
export function fullRows(): Partial<FixedRows> {
  const lastHour = { hour, itJoules: 7_200_000n, facilityJoules: 9_000_000n, greenShareHourMatched: 0.4 };
  const shares = { greenShareVolumetric: 0.45, greenShareGridAverage: 0.4, estimated: true };
  const yueke = aPoolView('yueke', {
    lastHour: { ...lastHour, ...shares },
    groups: [
      aGroup('yueke-atlas', { sharing: { kind: 'vnpu', slices: 4, cardsHeld: 10.25 } }),
      aGroup('yueke-cpu', { acceleratorModel: null, perNode: { cards: 0, cores: 128, memoryGiB: 512 } }),
    ],
  });
  const pool = 'yueke';
  const settlement = { poolId: pool, siteId: 'ezhou-yueke', hour, gramsPerKwh: 540, yuanPerKwh: 0.72 };
  return {
    pools: [yueke, aPoolView('planned', { enabled: false })],
    settlements: [settlement as FixedRows['settlements'][number]],
    jobsByState: [
      { pool: '', class: 'training', state: 'queued', jobs: 3 },
      { pool, class: 'training', state: 'running', jobs: 2 },
      { pool, class: 'training', state: 'completed', jobs: 99 },
    ],
    jobsFinished: [{ pool, class: 'training', outcome: 'completed', jobs: 99 }],
    jobsSubmitted: [{ class: 'training', channel: 'api', jobs: 104 }],
    queuedDemand: [{ class: 'training', model: 'ascend-910b', cards: 24 }],
    oldestQueued: [{ pool: '', class: 'training', submittedAt: hour }],
    pendingReasons: [{ refusal: 'no-free-nodes', jobs: 3 }],
    acceleratorSeconds: [{ pool, model: 'ascend-910b', class: 'training', tenant: 'whu', cardSeconds: 360 }],
    energy: [anEnergyRow(pool)],
    tenantShares: [
      { tenant: 'whu', quota: 130, held: 8.5, ratio: 1.25 },
      { tenant: 'hust', quota: null, held: 0, ratio: null },
    ],
    tenantEnergy: [{ tenant: 'whu', pool, joules: 700, marketGrams: 3 }],
    lostSeconds: [{ pool, model: 'ascend-910b', reason: 'lost', cardSeconds: 12 }],
    outboxPending: { dispatch: 1 },
    lease: { holder: 'scheduler-1', epoch: 7 },
    oldestReplayable: { cycle: 12, atWallMs: 1_794_950_000_000 },
    lastCycle: { cycle: 41, atWallMs: 1_795_000_099_000 },
    engines: [{ pool, engine: 'simulated', reachable: true, observedWallMs: 1_795_000_098_000 }],
  };
}

/** What a process of its own would have told. */
export function makeAnInstrumentNoise({ instruments }: FixedPage): void {
  const { http, scheduler, jobs, database } = instruments;
  http.began('read');
  http.ended({ route: '/v1/jobs', method: 'GET', code: 200, seconds: 0.1, priority: 'read' });
  scheduler.called({ poolId: 'yueke', engine: 'simulated', operation: 'prepare', result: 'ok', seconds: 0.1 });
  scheduler.drifted('yueke', { lost: 0, stranger: 0, finished: 1 });
  scheduler.decided('backfilled', 2);
  scheduler.backfilled('yueke', 2);
  scheduler.preempted('yueke', 'priority');
  jobs.started({ poolId: 'yueke', class: 'training', submittedAt: 0, releasedAt: 5_000, startedAt: 6_000 });
  database.watch(() => ({ idle: 1, used: 2, waiting: 0 }));
  instruments.seriesDropped(catalogue.httpRequests);
}
