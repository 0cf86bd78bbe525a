import { type Instant, type NodeGroup, type Site, hourStart } from '#libs/domain';
import type { SupplyHour } from '#libs/energy';
import type { SiteBook } from '../energy/site-energy.js';

const named = { zh: '测试', en: 'test' };

/** An hour in which the grid alone feeds the site, unless named otherwise: round factors, so that figures can be checked by hand. */
export const aSupply = (at: Instant, wanted: Partial<SupplyHour> = {}): SupplyHour => ({
  from: hourStart(at),
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
      systemOperationYuanPerKwh: 0.05,
      governmentFundYuanPerKwh: 0.05,
    },
    directYuanPerKwh: 0.4,
  },
  contractYuanPerKwh: 0.7,
  ...wanted,
});

/** One node of eight cards and 64 cores: 1,000 W at rest, 5,000 W at full load, linear in between. */
export const aNodeGroup = (wanted: Partial<NodeGroup> = {}): NodeGroup => ({
  id: 'pinned-a',
  poolId: 'pinned',
  nodeTypeId: 'type-a',
  name: named,
  nodes: { value: 1 },
  acceleratorModel: 'card-a',
  acceleratorMemoryGiB: 64,
  architecture: 'x86_64',
  stack: 'cuda',
  shape: { cards: 8, cores: 64, memoryGiB: 512 },
  power: [{ validFrom: '2021-01-01', idleWatts: { value: 1000 }, peakWatts: { value: 5000 }, exponent: { value: 1 } }],
  ...wanted,
});

const aSite = (id: string): Site => ({
  id,
  name: named,
  operator: named,
  district: { id: 'echeng' },
  location: { latitudeDegrees: 30.39, longitudeDegrees: 114.89 },
  gridId: 'hubei',
  tariff: { id: 'hubei', planId: 'two-part-35kv' },
  pue: { annual: { value: 1.2 }, monthlyFactor: { values: Array.from({ length: 12 }, () => 1) } },
  supply: { directPv: { megawatts: 0, enabled: false }, contracts: [], gecMWhPerYear: { value: 0 } },
});

/** A site with one pool of one node, PUE 1.2, that expects 6 kW: its node under full load. */
export const aSiteBook = (
  wanted: Partial<Omit<SiteBook, 'site'>> & { readonly siteId?: string; readonly supply?: Partial<SupplyHour> } = {},
): SiteBook => {
  const { siteId, supply, ...rest } = wanted;
  return {
    site: aSite(siteId ?? 'here'),
    poolIds: ['pinned'],
    groups: [aNodeGroup()],
    supplyAt: (at) => aSupply(at, supply),
    pueAt: () => 1.2,
    expectedWattsAt: () => 6000,
    ...rest,
  };
};
