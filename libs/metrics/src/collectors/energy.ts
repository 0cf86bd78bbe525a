import { HOUR_MS, JOULES_PER_KWH } from '#libs/domain';
import type { Collector } from './collector.js';

export const energyCollector: Collector = {
  name: 'energy',
  families: [
    'itEnergy',
    'facilityEnergy',
    'energySupplied',
    'greenMatched',
    'greenAvailable',
    'greenCurtailed',
    'gridGreen',
    'emissionsLocation',
    'emissionsMarket',
    'meterEstimated',
    'cost',
  ],
  async collect({ metrics }, into) {
    for (const row of await metrics.energy()) {
      const of = { pool: row.pool };
      into.add('itEnergy', of, row.itJoules);
      into.add('facilityEnergy', of, row.facilityJoules);
      for (const source of ['direct', 'storage', 'contract', 'grid'] as const)
        into.add('energySupplied', { ...of, source }, row[source]);
      into.add('greenMatched', of, row.greenMatched);
      into.add('greenAvailable', of, row.greenAvailable);
      into.add('greenCurtailed', of, row.greenCurtailed);
      into.add('gridGreen', of, row.gridGreen);
      into.add('emissionsLocation', of, row.locationGrams);
      into.add('emissionsMarket', of, row.marketGrams);
      into.add('meterEstimated', of, row.estimatedRatio);
      into.add('cost', { ...of, component: 'energy' }, row.costYuan);
    }
  },
};

/** Factors and prices as they were settled last; a pool that has settled nothing has none. */
export const gridCollector: Collector = {
  name: 'grid',
  families: ['gridIntensity', 'electricityPrice'],
  async collect({ catalogue }, into, { poolViews }) {
    const lastHours = new Map(
      poolViews.flatMap(({ id, lastHour }) => (lastHour === null ? [] : [[id, lastHour.hour]])),
    );
    // Pools mostly settled the same hour last: one query for each hour there is, not for each pool.
    for (const from of new Set(lastHours.values())) {
      const filter = { from, until: from + HOUR_MS, limit: 2 * poolViews.length, after: null };
      const { items } = await catalogue.settlements(filter);
      for (const hour of items.filter(({ poolId }) => lastHours.get(poolId) === from)) {
        into.add('gridIntensity', { pool: hour.poolId, basis: 'average' }, hour.gramsPerKwh / JOULES_PER_KWH);
        into.add('electricityPrice', { pool: hour.poolId }, hour.yuanPerKwh / JOULES_PER_KWH);
      }
    }
  },
};
