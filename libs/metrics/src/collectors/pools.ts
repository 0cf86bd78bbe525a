import type { GroupView, PoolView } from '#libs/application';
import { capacityStates, nodeStateLabels } from '../catalogue/capacity.js';
import type { Samples } from '../samples.js';
import type { Collector } from './collector.js';

const FLOPS_PER_PFLOPS = 1e15;
const BYTES_PER_GIB = 2 ** 30;
const SECONDS_PER_HOUR = 3_600;

export const poolCollector: Collector = {
  name: 'pools',
  families: [
    'poolInfo',
    'poolLatitude',
    'poolLongitude',
    'poolNodes',
    'poolAccelerators',
    'poolSharedAcceleratorsHeld',
    'poolCpuCores',
    'poolMemory',
    'poolCompute',
    'itPower',
    'facilityPower',
  ],
  async collect({ catalogue }, into, context) {
    const pools = (await catalogue.pools()).filter((pool) => pool.enabled);
    for (const pool of pools) {
      describe(pool, into);
      for (const group of pool.groups) count(pool.id, group, into);
    }
    context.poolViews = pools;
  },
};

/** ezhou-yueke stands in Ezhou: site ids begin with their city (README of the seeds). */
const cityOf = (pool: PoolView): string => pool.siteId.split('-')[0] ?? '';

function describe(pool: PoolView, into: Samples): void {
  const of = { pool: pool.id };
  into.add(
    'poolInfo',
    {
      ...of,
      site: pool.siteId,
      kind: pool.tier,
      scope: pool.scope,
      city: cityOf(pool),
      engine: pool.engine,
      assumed: String(pool.assumed),
    },
    1,
  );
  into.add('poolLatitude', of, pool.location.latitude);
  into.add('poolLongitude', of, pool.location.longitude);
  if (pool.lastHour === null) return;
  into.add('itPower', of, Number(pool.lastHour.itJoules) / SECONDS_PER_HOUR);
  into.add('facilityPower', of, Number(pool.lastHour.facilityJoules) / SECONDS_PER_HOUR);
}

function count(pool: string, group: GroupView, into: Samples): void {
  for (const state of nodeStateLabels) into.add('poolNodes', { pool, state }, group.nodesByState[state]);
  const { acceleratorModel: model, sharing } = group;
  if (model !== null && sharing) into.add('poolSharedAcceleratorsHeld', { pool, model }, sharing.cardsHeld);
  const shareOf = stateShares(group);
  for (const state of capacityStates) {
    if (group.acceleratorModel !== null)
      into.add('poolAccelerators', { pool, model: group.acceleratorModel, state }, group.cards[state]);
    into.add('poolCpuCores', { pool, state }, group.cores[state]);
    into.add('poolMemory', { pool, state }, group.memoryGiB[state] * BYTES_PER_GIB);
    const flops = shareOf(state) * FLOPS_PER_PFLOPS;
    into.add('poolCompute', { pool, precision: 'fp16', state }, group.fp16PflopsTotal * flops);
    into.add('poolCompute', { pool, precision: 'fp64', state }, group.fp64PflopsTotal * flops);
  }
}

/** The part of the group's compute that is in a state: by its cards, by its cores where it has none. */
function stateShares(group: GroupView): (state: (typeof capacityStates)[number]) => number {
  const parts = group.perNode.cards > 0 ? group.cards : group.cores;
  const whole = capacityStates.reduce((sum, state) => sum + parts[state], 0);
  return (state) => (whole === 0 ? 0 : parts[state] / whole);
}
