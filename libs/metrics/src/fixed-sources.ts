import type { GroupView, MetricsReader, PoolView, SettlementView } from '#libs/application';
import { compareKeys } from '#libs/domain';
import type { MetricsSources } from './collectors/collector.js';

type Rows<K extends keyof MetricsReader> = Awaited<ReturnType<MetricsReader[K]>>;
/** What the fixed reader answers; tests change it between refreshes. */
export type FixedRows = { -readonly [K in Exclude<keyof MetricsReader, 'counters'>]: Rows<K> } & {
  pools: readonly PoolView[];
  settlements: readonly SettlementView[];
};

/** Sources for tests: rows that are set, counters that are kept in memory as the database would. */
export class FixedSources implements MetricsSources {
  readonly rows: FixedRows;
  /** Names of readers that reject until they are taken off. */
  readonly broken = new Set<string>();
  readonly table = new Map<string, Rows<'counters'>[number]>();
  readonly catalogue: MetricsSources['catalogue'];
  readonly counters: MetricsSources['counters'];
  readonly metrics: MetricsReader;

  constructor(rows: Partial<FixedRows> = {}) {
    this.rows = { ...emptyRows(), ...rows };
    this.metrics = new Proxy({} as MetricsReader, {
      get: (_target, name: string) => async () => this.answer(name),
    });
    this.catalogue = {
      pools: async () => this.answer('pools') as readonly PoolView[],
      settlements: async ({ from, until }) => ({
        items: this.rows.settlements.filter(({ hour }) => hour >= from && hour < until),
        nextCursor: null,
      }),
    };
    this.counters = {
      add: async (increments) => {
        this.answer('add');
        for (const { name, labels, by } of increments) {
          const id = JSON.stringify([name, Object.entries(labels).toSorted(([a], [b]) => compareKeys(a, b))]);
          this.table.set(id, { name, labels, value: (this.table.get(id)?.value ?? 0) + by });
        }
      },
    };
  }

  async clock(): Promise<{ originMs: number; wallOriginMs: number; rate: number }> {
    this.answer('clock');
    return { originMs: 1_800_000_000_000, wallOriginMs: 1_795_000_000_000, rate: 60 };
  }

  private answer(name: string): unknown {
    if (this.broken.has(name)) throw new Error(`${name} cannot be read`);
    return name === 'counters' ? [...this.table.values()] : this.rows[name as keyof FixedRows];
  }
}

function emptyRows(): FixedRows {
  return {
    pools: [],
    settlements: [],
    jobsByState: [],
    jobsFinished: [],
    jobsSubmitted: [],
    queuedDemand: [],
    oldestQueued: [],
    pendingReasons: [],
    acceleratorSeconds: [],
    energy: [],
    tenantShares: [],
    tenantEnergy: [],
    lostSeconds: [],
    overcommits: [],
    outboxPending: {},
    lease: { holder: '', epoch: 0 },
    oldestReplayable: null,
    lastCycle: null,
    engines: [],
  };
}

export function aGroup(id: string, more: Partial<GroupView> = {}): GroupView {
  return {
    id,
    nodeTypeId: 'atlas-800t-a2',
    acceleratorModel: 'ascend-910b',
    acceleratorMemoryGiB: 64,
    architecture: 'aarch64',
    stack: 'cann',
    nodeCount: 4,
    perNode: { cards: 8, cores: 192, memoryGiB: 1_024 },
    fp16PflopsTotal: 10.24,
    fp64PflopsTotal: 0.1,
    nodesByState: { idle: 1, allocated: 1, mixed: 1, drained: 1, down: 0, maintenance: 0 },
    cards: { free: 12, allocated: 12, reserved: 0, drained: 8, down: 0, maintenance: 0 },
    cores: { free: 288, allocated: 288, reserved: 0, drained: 192, down: 0, maintenance: 0 },
    memoryGiB: { free: 1_536, allocated: 1_536, reserved: 0, drained: 1_024, down: 0, maintenance: 0 },
    sharing: null,
    ...more,
  };
}

export function aPoolView(id: string, more: Partial<PoolView> = {}): PoolView {
  return {
    id,
    siteId: `ezhou-${id}`,
    name: { zh: id, en: id },
    tier: 'main',
    scope: 'managed',
    enabled: true,
    engine: 'simulated',
    plannedEngine: 'slurm',
    placement: 'pinned',
    reachable: true,
    observedAt: null,
    location: { latitude: 30.5, longitude: 114.64, districtId: 'huarong' },
    latencyMs: {},
    latencyBasis: {},
    dataLevels: ['general'],
    assumed: true,
    figures: {},
    groups: [aGroup(`${id}-atlas`)],
    live: { nodes: 4, cards: 32, cardsAllocated: 12, coresAllocated: 288, runningAttempts: 2 },
    lastHour: null,
    ...more,
  };
}
