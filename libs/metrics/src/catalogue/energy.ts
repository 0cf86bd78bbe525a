import { bounds, counter, gauge } from './family.js';

const { pools, tenants } = bounds;
const named = tenants + 1;
export const energySources = ['direct', 'storage', 'contract', 'grid'] as const;
const settled = { origin: 'state', bound: pools, clock: 'service' } as const;

/** E: settled hours, append-only. Physical, contractual and grid-average green are three figures and are never added. */
export const energyFamilies = {
  itPower: gauge('it_power_watts', ['pool'], {
    origin: 'state',
    unit: 'W',
    bound: pools,
    help: { zh: '最近一个已结算小时的平均 IT 功率。', en: 'Mean IT load of the last settled hour.' },
    formula: 'IT energy of the hour / 3600 s of service time',
  }),
  facilityPower: gauge('facility_power_watts', ['pool'], {
    origin: 'state',
    unit: 'W',
    bound: pools,
    help: { zh: '最近一个已结算小时的平均设施功率。', en: 'Mean facility load of the last settled hour.' },
    formula: 'facility energy of the hour / 3600 s of service time',
  }),
  itEnergy: counter('it_energy_joules_total', ['pool'], {
    ...settled,
    unit: 'J',
    help: { zh: 'IT 能耗。', en: 'IT energy, E_IT.' },
    formula: 'sum of settled hours: meter, else model of the nodes at their use',
  }),
  facilityEnergy: counter('facility_energy_joules_total', ['pool'], {
    ...settled,
    unit: 'J',
    help: { zh: '设施总能耗。', en: 'Facility energy, E_DC.' },
    formula: 'sum of settled hours: meter, else E_IT × PUE of the hour',
  }),
  energySupplied: counter('energy_supplied_joules_total', ['pool', 'source'], {
    ...settled,
    bound: pools * energySources.length,
    unit: 'J',
    help: { zh: '供电来源，各来源之和等于设施总能耗。', en: 'Where E_DC came from; the sources add up to it.' },
    formula: `source = ${energySources.join(', ')} (supply stack in this order)`,
  }),
  greenMatched: counter('green_matched_joules_total', ['pool'], {
    ...settled,
    unit: 'J',
    help: { zh: '小时匹配绿电量。', en: 'Green energy matched hour by hour.' },
    formula: 'sum of min(E_DC(h), green(h))',
  }),
  greenAvailable: counter('green_available_joules_total', ['pool'], {
    ...settled,
    unit: 'J',
    help: { zh: '可用绿电量（直供与合同）。', en: 'Green energy delivered or contracted.' },
    formula: 'sum of green(h)',
  }),
  greenCurtailed: counter('green_curtailed_joules_total', ['pool'], {
    ...settled,
    unit: 'J',
    help: { zh: '未用上的绿电量。', en: 'Green energy on offer that was not used.' },
    formula: 'sum of max(0, green(h) − E_DC(h))',
  }),
  gridGreen: counter('grid_green_joules_total', ['pool'], {
    ...settled,
    unit: 'J',
    help: {
      zh: '电网供电中按电网平均绿电占比折算的绿电量；不与合同、直供绿电相加。',
      en: 'Green part of the grid energy at the mean mix of the hour; never added to contracted or direct green.',
    },
    formula: 'sum of E_supplied(grid, h) × grid green share(h)',
  }),
  gridIntensity: gauge('grid_carbon_intensity_grams_per_joule', ['pool', 'basis'], {
    origin: 'state',
    unit: 'g/J',
    bound: pools,
    help: {
      zh: '电网排放因子，乘 3.6e6 为克每千瓦时。',
      en: 'Grid emission factor in force; g/kWh after multiplication by 3.6e6.',
    },
    formula: "location-based factor of the pool's last settled hour; basis = average",
  }),
  emissionsLocation: counter('emissions_location_grams_total', ['pool'], {
    ...settled,
    unit: 'gCO2e',
    help: { zh: '基于位置的排放量。', en: 'Location-based emissions (scope 2).' },
    formula: 'sum of settled hours: energy from the grid × grid factor',
  }),
  emissionsMarket: counter('emissions_market_grams_total', ['pool'], {
    ...settled,
    unit: 'gCO2e',
    help: { zh: '基于市场的排放量。', en: 'Market-based emissions (scope 2).' },
    formula: 'sum of settled hours: energy without contracted green × residual factor',
  }),
  tenantEnergy: counter('tenant_energy_joules_total', ['tenant', 'pool'], {
    ...settled,
    bound: named * pools,
    fold: { label: 'tenant', sets: pools },
    unit: 'J',
    help: { zh: '归集到租户的设施能耗。', en: 'Facility energy attributed to the tenant.' },
    formula: 'sum over its attempts of IT energy and its overhead',
  }),
  tenantEmissions: counter('tenant_emissions_grams_total', ['tenant'], {
    ...settled,
    bound: named,
    fold: { label: 'tenant', sets: 1 },
    unit: 'gCO2e',
    help: { zh: '归集到租户的排放量（基于市场）。', en: 'Market-based emissions attributed to the tenant.' },
    formula: 'sum over its attempts',
  }),
  meterEstimated: gauge('meter_estimated_ratio', ['pool'], {
    origin: 'state',
    unit: 'ratio',
    bound: pools,
    help: { zh: '已结算能耗中估算所占比例。', en: 'Part of the settled energy that is estimated, not metered.' },
    formula: 'estimated energy / settled energy',
  }),
} as const;

/** F: what the settled hours cost. */
export const costFamilies = {
  cost: counter('cost_yuan_total', ['pool', 'component'], {
    ...settled,
    unit: 'yuan',
    help: { zh: '成本，按构成。', en: 'Cost, by component.' },
    formula: 'sum of settled hours; component = energy',
  }),
  electricityPrice: gauge('electricity_price_yuan_per_joule', ['pool'], {
    origin: 'state',
    unit: 'yuan/J',
    bound: pools,
    help: {
      zh: '电价，乘 3.6e6 为元每千瓦时。',
      en: 'Price of electricity in force; yuan/kWh after multiplication by 3.6e6.',
    },
    formula: "mean price of the pool's last settled hour",
  }),
} as const;
