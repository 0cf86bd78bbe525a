import { HOUR_MS, type Instant } from '#libs/domain';
import type { HourSettlement } from '#libs/energy';
import type { Occupancy, SettlementStore } from '../read-ports.js';
import { aSiteBook } from '../testing/a-site-book.js';
import { SettleHours, settlementOf } from './settle-hours.js';

const eight = Date.parse('2026-11-22T08:00:00+08:00');
const books = new Map([['here', aSiteBook()]]);
const minutes = (count: number): number => count * 60_000;

const held = (named: Partial<Occupancy> = {}): Occupancy => ({
  attemptId: 'a1',
  jobId: 'j1',
  tenantId: 'blue',
  class: 'training',
  poolId: 'pinned',
  groupId: 'pinned-a',
  nodeId: 'pinned-a-0001',
  cards: 8,
  cores: 64,
  from: eight,
  until: null,
  ...named,
});

/** The contract of the store in memory; the real one has its own spec, and test/integration the two together. */
class InMemorySettlementStore implements SettlementStore {
  readonly settled: HourSettlement[] = [];
  constructor(
    private readonly observedUntil: Instant | null,
    private readonly siteId = 'here',
  ) {}

  async due() {
    const nextHour = eight + this.settled.length * HOUR_MS;
    return [{ siteId: this.siteId, poolIds: ['pinned'], nextHour, observedUntil: this.observedUntil }];
  }
  async occupancy(): Promise<readonly Occupancy[]> {
    return [];
  }
  async append(settlement: HourSettlement): Promise<boolean> {
    if (this.settled.some((known) => known.from === settlement.from)) return false;
    this.settled.push(settlement);
    return true;
  }
}

interface Due {
  readonly nowAfter: number;
  readonly observedAfter: number | null;
  readonly want: { readonly settled: number; readonly more: boolean };
}
const cases: Record<string, Due> = {
  'an hour that is not over is not settled': {
    nowAfter: minutes(59),
    observedAfter: minutes(59),
    want: { settled: 0, more: false },
  },
  'an hour is settled when it is over and its engines were seen after it': {
    nowAfter: minutes(60),
    observedAfter: minutes(60),
    want: { settled: 1, more: false },
  },
  'engines that were last seen before its end hold it up': {
    nowAfter: minutes(100),
    observedAfter: minutes(59),
    want: { settled: 0, more: false },
  },
  'for two hours': { nowAfter: minutes(180) - 1, observedAfter: null, want: { settled: 0, more: false } },
  'and no longer': { nowAfter: minutes(180), observedAfter: null, want: { settled: 1, more: false } },
  'a long gap is caught up a day at a time': {
    nowAfter: 30 * HOUR_MS,
    observedAfter: 30 * HOUR_MS,
    want: { settled: 24, more: true },
  },
};
it.each(Object.entries(cases))('%s', async (_sentence, { nowAfter, observedAfter, want }) => {
  const store = new InMemorySettlementStore(observedAfter === null ? null : eight + observedAfter);
  expect(
    await new SettleHours(store, books).execute(eight + nowAfter, { first: eight, last: eight + nowAfter }),
  ).toEqual(want);
  expect(store.settled.map((hour) => hour.from)).toEqual(
    Array.from({ length: want.settled }, (_, index) => eight + index * HOUR_MS),
  );
});

describe('after the service itself was away for a weekend', () => {
  const monday = eight + 64 * HOUR_MS;
  const store = (): InMemorySettlementStore => new InMemorySettlementStore(eight);
  it('nothing is settled before the engines were looked at', async () => {
    expect(await new SettleHours(store(), books).execute(monday, null)).toEqual({ settled: 0, more: false });
  });
  it('an engine that has not answered since is waited for anew', async () => {
    const observation = { first: monday - HOUR_MS, last: monday };
    expect(await new SettleHours(store(), books).execute(monday, observation)).toEqual({ settled: 0, more: false });
  });
});

it('leaves a site alone whose figures are not in the catalogue', async () => {
  const store = new InMemorySettlementStore(eight + HOUR_MS, 'elsewhere');
  expect(await new SettleHours(store, books).execute(eight + HOUR_MS, { first: eight, last: eight + HOUR_MS })).toEqual(
    { settled: 0, more: false },
  );
});

describe('what held a node', () => {
  const book = aSiteBook();
  const cardSeconds = (occupancy: readonly Occupancy[]): number[] =>
    settlementOf(book, eight, occupancy).lines.map((line) => Number(line.milliCardMilliseconds) / 1e6);

  const stretches: Record<
    string,
    { readonly from: number; readonly until: number | null; readonly wantSeconds: number }
  > = {
    'all the hour and on counts for the hour': { from: -minutes(30), until: null, wantSeconds: 3600 },
    'from within the hour counts from there': { from: minutes(15), until: null, wantSeconds: 2700 },
    'and ended in it counts until there': { from: -minutes(30), until: minutes(15), wantSeconds: 900 },
    'in between counts for that': { from: minutes(10), until: minutes(11), wantSeconds: 60 },
    'and ended after it counts to its end': { from: minutes(50), until: minutes(90), wantSeconds: 600 },
  };
  it.each(Object.entries(stretches))('%s', (_sentence, { from, until, wantSeconds }) => {
    const occupancy = held({ from: eight + from, until: until === null ? null : eight + until });
    expect(cardSeconds([occupancy])).toEqual([8 * wantSeconds, 8 * (3600 - wantSeconds)]);
  });

  it('for the whole hour is charged for the node, at the PUE of the site', () => {
    const settled = settlementOf(book, eight, [held()]);
    expect(settled.site.facilityJoules).toBe(BigInt(5000 * 1.2 * 3600));
    expect(settled.lines.map((line) => [line.subject.kind, line.facilityJoules])).toEqual([
      ['attempt', 21_600_000n],
      ['idle', 0n],
    ]);
  });
});
