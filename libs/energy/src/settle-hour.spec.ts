import { HOUR_MS, joules } from '#libs/domain';
import fc from 'fast-check';
import {
  type NodeUse,
  type PoweredGroup,
  type SettledAmounts,
  type SettlementInput,
  type SupplyHour,
  settleHour,
  siteKpis,
  supplySources,
} from './index.js';

const from = Date.parse('2026-11-22T08:00:00+08:00');
const supply: SupplyHour = {
  from,
  directPvWatts: 0,
  hydroDirectShare: 0,
  storageWatts: 0,
  contractWatts: 0,
  gridGreenShare: 0.4,
  locationGramsPerKwh: 500,
  marketGramsPerKwh: 600,
  price: {
    period: 'flat',
    gridYuanPerKwh: 0.6,
    components: {
      energyYuanPerKwh: 0.4,
      transmissionYuanPerKwh: 0.1,
      systemOperationYuanPerKwh: 0.08,
      governmentFundYuanPerKwh: 0.02,
    },
    directYuanPerKwh: 0.5,
  },
  contractYuanPerKwh: 0.61,
};
const cardNodes: PoweredGroup = {
  groupId: 'g',
  poolId: 'p',
  nodes: 1,
  shape: { cards: 8, cores: 64, memoryGiB: 512 },
  power: { idleWatts: 1000, peakWatts: 2000, exponent: 1 },
};
const coreNodes: PoweredGroup = { ...cardNodes, groupId: 'c', shape: { cards: 0, cores: 64, memoryGiB: 512 } };
const use = (change: Partial<NodeUse> = {}): NodeUse => ({
  attemptId: 'a',
  tenantId: 't',
  jobClass: 'training',
  groupId: 'g',
  nodeId: 'g-0001',
  cards: 8,
  cores: 64,
  from,
  to: from + HOUR_MS,
  ...change,
});
const input = (change: Partial<SettlementInput> = {}): SettlementInput => ({
  siteId: 's',
  supply,
  pue: 1,
  groups: [cardNodes],
  uses: [use()],
  ...change,
});
const wattHours = (settled: ReturnType<typeof settleHour>): Record<string, number> =>
  Object.fromEntries(
    settled.lines.map(({ subject, itJoules }) => [
      subject.kind === 'attempt' ? subject.attemptId : 'idle',
      Number(itJoules) / 3600,
    ]),
  );

describe('who carries the energy of a node', () => {
  const half = from + HOUR_MS / 2;
  const cases: Record<string, { groups?: PoweredGroup[]; uses: NodeUse[]; wantWattHours: Record<string, number> }> = {
    'nobody on it: all is idle': { uses: [], wantWattHours: { idle: 1000 } },
    'one attempt on all of it carries it all': { uses: [use()], wantWattHours: { a: 2000, idle: 0 } },
    'half of the cards carry half of the idle watts and the dynamic watts they cause': {
      uses: [use({ cards: 4 })],
      wantWattHours: { a: 500 + 500, idle: 500 },
    },
    'half an hour counts for half an hour': {
      uses: [use({ cards: 4, to: half })],
      wantWattHours: { a: 500, idle: 250 + 500 },
    },
    'what began before and ends after counts within the hour': {
      uses: [use({ from: from - HOUR_MS, to: from + 5 * HOUR_MS })],
      wantWattHours: { a: 2000, idle: 0 },
    },
    'two attempts share by cards': {
      uses: [use({ cards: 6 }), use({ attemptId: 'b', cards: 2 })],
      wantWattHours: { a: 1500, b: 500, idle: 0 },
    },
    'parts of a card carry the slices that they hold, and what nobody holds of an open card is idle': {
      uses: [use({ cards: 0.25 }), use({ attemptId: 'b', cards: 0.5 }), use({ attemptId: 'c', cards: 7 })],
      wantWattHours: { a: 62.5, b: 125, c: 1750, idle: 31.25 },
    },
    'measured load moves dynamic watts to who caused them, not the idle watts': {
      uses: [use({ cards: 4, utilisation: 0.5 }), use({ attemptId: 'b', cards: 4, utilisation: 1 })],
      wantWattHours: { a: 500 + 250, b: 500 + 500, idle: 0 },
    },
    'on nodes without cards cores count': {
      groups: [coreNodes],
      uses: [use({ groupId: 'c', cards: 0, cores: 16 })],
      wantWattHours: { a: 250 + 250, idle: 750 },
    },
    'cores alone on a node with cards carry their part of what no card job holds': {
      uses: [use({ cards: 4, cores: 32 }), use({ attemptId: 'b', cards: 0, cores: 32 })],
      wantWattHours: { a: 500 + 500, b: 250 + 250, idle: 250 },
    },
    'an overfilled node gives out its energy once': {
      uses: [use(), use({ attemptId: 'b' })],
      wantWattHours: { a: 1000, b: 1000, idle: 0 },
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { groups, uses, wantWattHours }) => {
    expect(wattHours(settleHour(input({ groups: groups ?? [cardNodes], uses })))).toEqual(wantWattHours);
  });

  it('a use of a group that is not listed is an error that names both', () => {
    expect(() => settleHour(input({ uses: [use({ groupId: 'x' })] }))).toThrow(/attempt a used node g-0001 of group x/);
  });
});

describe('what an hour costs and emits', () => {
  // 2 kW of IT at PUE 1.5: 3 kWh, of which the direct line brings 1 and the contract 0.5.
  const settled = settleHour(input({ pue: 1.5, supply: { ...supply, directPvWatts: 1000, contractWatts: 500 } }));
  const [line] = settled.lines;

  it('overhead follows IT energy', () => {
    expect(line?.overheadJoules).toBe(joules(3_600_000));
    expect(line?.facilityJoules).toBe(joules(10_800_000));
  });
  it('location-based counts all that came over the grid at its factor of the hour', () => {
    expect(line?.locationMilligrams).toBe(2n * 500_000n);
  });
  it('market-based counts what no contract covers at the residual mix', () => {
    expect(line?.marketMilligrams).toBe(900_000n);
  });
  it('each source costs its own price', () => {
    expect(line?.costMicroYuan).toBe(500_000n + 305_000n + 900_000n);
  });
  it('the green part is what direct line and contract brought in this hour', () => {
    expect(line?.greenMatchedJoules).toBe(joules(1.5 * 3_600_000));
  });
  it('the KPIs of ISO/IEC 30134 follow', () => {
    const { pue, ref, cueLocation, cueMarket } = siteKpis(settled.site);
    expect(pue).toBeCloseTo(1.5, 12);
    expect(ref).toBeCloseTo(0.5, 12);
    expect(cueLocation).toBeCloseTo(0.5, 12);
    expect(cueMarket).toBeCloseTo(0.45, 12);
  });
});

describe('meters', () => {
  it("replace the model's total, which then only divides it", () => {
    const metered = { itJoulesByPool: { p: joules(9_000_000) }, facilityJoules: joules(10_000_000) };
    const settled = settleHour(input({ uses: [use({ cards: 4 })], metered }));
    expect(settled.lines.map(({ itJoules }) => itJoules)).toEqual([6_000_000n, 3_000_000n]);
    expect(settled.site.overheadJoules).toBe(joules(1_000_000));
    expect([settled.site.estimated, settled.pools[0]?.estimated]).toEqual([false, false]);
  });
  it('that are not there leave the hour marked as estimated', () => {
    const settled = settleHour(input());
    expect([settled.site.estimated, settled.pools[0]?.estimated]).toEqual([true, true]);
  });
  it('that ran while nothing was powered charge the idle line', () => {
    const metered = { itJoulesByPool: { p: joules(1000) } };
    const settled = settleHour(input({ groups: [{ ...cardNodes, nodes: 0 }], uses: [], metered }));
    expect(settled.lines.map(({ itJoules }) => itJoules)).toEqual([1000n]);
  });
});

const pools = ['p', 'q', 'r'];
const aGroup = (index: number): PoweredGroup => ({
  groupId: `g${index}`,
  poolId: pools[index % 3] ?? 'p',
  nodes: 4,
  shape: index % 2 === 0 ? { cards: 8, cores: 64, memoryGiB: 512 } : { cards: 0, cores: 128, memoryGiB: 512 },
  power: { idleWatts: 333.3 * (index + 1), peakWatts: 5234.5, exponent: 0.75 },
});
const anyGroups = [0, 1, 2, 3].map(aGroup);
const anyUse: fc.Arbitrary<NodeUse> = fc
  .record({
    attempt: fc.nat({ max: 11 }),
    group: fc.nat({ max: 3 }),
    node: fc.nat({ max: 3 }),
    cards: fc.oneof(
      fc.nat({ max: 8 }),
      fc.integer({ min: 1, max: 999 }).map((milli) => milli / 1000),
    ),
    cores: fc.nat({ max: 64 }),
    start: fc.integer({ min: -HOUR_MS, max: HOUR_MS }),
    length: fc.nat({ max: 2 * HOUR_MS }),
    utilisation: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ attempt, group, node, cards, cores, start, length, utilisation }) => ({
    attemptId: `attempt-${attempt}`,
    tenantId: `tenant-${attempt % 3}`,
    jobClass: 'training' as const,
    groupId: `g${group}`,
    nodeId: `g${group}-${node}`,
    cards: group % 2 === 0 ? cards : 0,
    cores,
    from: from + start,
    to: from + start + length,
    utilisation,
  }));
const watts = fc.double({ min: 0, max: 60_000, noNaN: true });
const anyInput: fc.Arbitrary<SettlementInput> = fc
  .record({
    uses: fc.array(anyUse, { maxLength: 40 }),
    pue: fc.double({ min: 1, max: 2, noNaN: true }),
    pv: watts,
    contract: watts,
    storage: watts,
    hydro: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ uses, pue, pv, contract, storage, hydro }) => ({
    siteId: 's',
    pue,
    groups: anyGroups,
    uses,
    supply: { ...supply, directPvWatts: pv, contractWatts: contract, storageWatts: storage, hydroDirectShare: hydro },
  }));

const sum = (rows: readonly SettledAmounts[], read: (row: SettledAmounts) => bigint): bigint =>
  rows.reduce((total, row) => total + read(row), 0n);
const kept: Record<string, (row: SettledAmounts) => bigint> = {
  'IT energy': (row) => row.itJoules,
  overhead: (row) => row.overheadJoules,
  'facility energy': (row) => row.facilityJoules,
  'matched green energy': (row) => row.greenMatchedJoules,
  'location-based emissions': (row) => row.locationMilligrams,
  'market-based emissions': (row) => row.marketMilligrams,
  cost: (row) => row.costMicroYuan,
  'card time': (row) => row.milliCardMilliseconds,
  'core time': (row) => row.coreMilliseconds,
  ...Object.fromEntries(supplySources.map((source) => [source, (row: SettledAmounts) => row.bySource[source]])),
};

describe('every settled hour', () => {
  it.each(Object.entries(kept))('closes to the last unit of %s: lines, pools and site agree', (_name, read) => {
    fc.assert(
      fc.property(anyInput, (hour) => {
        const { lines, pools: settledPools, site } = settleHour(hour);
        expect(sum(lines, read)).toBe(read(site));
        expect(sum(settledPools, read)).toBe(read(site));
        expect(lines.every((line) => read(line) >= 0n)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('feeds each line by sources that sum to its facility energy, IT and overhead', () => {
    fc.assert(
      fc.property(anyInput, (hour) => {
        const { lines, site } = settleHour(hour);
        for (const line of [...lines, site]) {
          expect(line.itJoules + line.overheadJoules).toBe(line.facilityJoules);
          expect(supplySources.reduce((total, source) => total + line.bySource[source], 0n)).toBe(line.facilityJoules);
          expect(line.greenMatchedJoules + line.bySource.grid).toBe(line.facilityJoules);
        }
        expect(site.bySource).toEqual(site.stack.bySource);
      }),
    );
  });

  it('lies between all nodes at rest and all at their peak', () => {
    const idle = anyGroups.reduce((total, group) => total + group.nodes * group.power.idleWatts * 3600, 0);
    const peak = anyGroups.reduce((total, group) => total + group.nodes * group.power.peakWatts * 3600, 0);
    fc.assert(
      fc.property(anyInput, (hour) => {
        const it = Number(settleHour(hour).site.itJoules);
        expect(idle - 2 <= it && it <= peak + 2).toBe(true);
      }),
    );
  });

  it('settles to the same again, in whatever order its uses come', () => {
    const shuffled = anyInput.chain((hour) =>
      fc.shuffledSubarray([...hour.uses], { minLength: hour.uses.length }).map((uses) => ({ hour, uses })),
    );
    fc.assert(
      fc.property(shuffled, ({ hour, uses }) => {
        expect(settleHour({ ...hour, uses })).toEqual(settleHour(hour));
      }),
    );
  });

  it('never gives out more than the direct line brought', () => {
    fc.assert(
      fc.property(anyInput, (hour) => {
        const { site } = settleHour(hour);
        const brought = joules(hour.supply.directPvWatts * 3600);
        expect(site.bySource.directPv + site.stack.curtailedJoules).toBe(brought);
      }),
    );
  });
});
