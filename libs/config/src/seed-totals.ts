import { quotaFaults } from './seed-quotas.js';
import { exchangeFaults } from './seed-exchange.js';
import { tariffPeriods } from '#libs/domain';
import { rowPrice } from '#libs/energy';
import type { Located, SeedCollection } from './seed-collection.js';
import type { SeedFault, SeedPath } from './seed-document.js';
import type { SeedItem } from './seed-schema.js';

type PoolItem = SeedItem<'pools'>;
interface Totals {
  fp16Pflops: number;
  fp64Pflops: number;
  peakItKw: number;
  accelerators: number;
}

/** Numbers of a seed that follow from other numbers of it must follow. Runs on what has the right shape. */
export function checkTotals(seeds: SeedCollection): SeedFault[] {
  return [
    ...seeds
      .items('pools')
      .flatMap((pool) => compareTotals(pool, totalsOf(seeds, [pool.item]), 'nodeGroups × nodeTypes')),
    ...seeds.items('systems').flatMap((system) => {
      const named = new Map(seeds.items('pools').map(({ item }) => [item.id, item]));
      const pools = system.item.poolIds.flatMap((id) => named.get(id) ?? []);
      // A pool with faults of its own is not here; its system cannot be added up until it is mended.
      if (pools.length < system.item.poolIds.length) return [];
      const totals = totalsOf(seeds, pools);
      return compareTotals(system, totals, 'its pools');
    }),
    ...seeds.items('pools').flatMap((pool) => architectureFaults(seeds, pool)),
    ...seeds.items('sites').flatMap(mixFaults),
    ...seeds.items('tenants').flatMap(probabilityFaults),
    ...quotaFaults(seeds),
    ...exchangeFaults(seeds),
    ...seeds.items('tariffs').flatMap(tariffFaults),
  ];
}

function totalsOf(seeds: SeedCollection, pools: readonly PoolItem[]): Totals | undefined {
  const types = new Map(seeds.items('nodeTypes').map(({ item }) => [item.id, item]));
  const models = new Map(seeds.items('acceleratorModels').map(({ item }) => [item.id, item]));
  const totals = { fp16Pflops: 0, fp64Pflops: 0, peakItKw: 0, accelerators: 0 };
  for (const group of pools.flatMap((pool) => pool.nodeGroups)) {
    const type = types.get(group.nodeType);
    const model = type?.acceleratorModel ? models.get(type.acceleratorModel) : undefined;
    if (!type || (type.acceleratorModel && !model)) return undefined;
    const nodes = group.nodes.value;
    const cards = nodes * type.acceleratorsPerNode.value;
    totals.accelerators += cards;
    totals.fp16Pflops += (cards * (model?.fp16Tflops.value ?? 0)) / 1000;
    totals.fp64Pflops += (cards * (model?.fp64TensorTflops?.value ?? 0)) / 1000;
    totals.fp64Pflops += (nodes * (type.fp64TflopsPerNode?.value ?? 0)) / 1000;
    totals.peakItKw += (nodes * (type.power.at(-1)?.peakWatts.value ?? 0)) / 1000;
  }
  return totals;
}

function compareTotals(
  from: Located<PoolItem | SeedItem<'systems'>>,
  computed: Totals | undefined,
  basis: string,
): SeedFault[] {
  if (!computed) return [];
  const { modelled } = from.item;
  return (['fp16Pflops', 'fp64Pflops', 'peakItKw', 'accelerators'] as const).flatMap((key) => {
    const written = modelled[key];
    // Written to one decimal, so half of the last digit is no difference.
    if (written === undefined || Math.abs(written - computed[key]) <= 0.05 + 1e-6) return [];
    return [
      from.document.fault(
        [...from.path, 'modelled', key],
        `says ${written}, but ${basis} give ${round(computed[key], 1)}`,
        'correct the numbers of nodes, or write the new total',
      ),
    ];
  });
}

function architectureFaults(seeds: SeedCollection, pool: Located<PoolItem>): SeedFault[] {
  const types = new Map(seeds.items('nodeTypes').map(({ item }) => [item.id, item]));
  return pool.item.nodeGroups.flatMap((group, index) => {
    const offered = types.get(group.nodeType)?.architectures ?? [];
    const path = [...pool.path, 'nodeGroups', index];
    if (!group.architecture && offered.length > 1) {
      const remedy = `add architecture: {id: …, assumption: …} with one of ${offered.join(', ')}`;
      return [pool.document.fault(path, `does not say which architecture of ${group.nodeType} it has`, remedy)];
    }
    if (group.architecture && offered.length > 0 && !offered.includes(group.architecture.id)) {
      const problem = `${group.nodeType} does not come with ${group.architecture.id}`;
      return [pool.document.fault([...path, 'architecture', 'id'], problem, `use one of ${offered.join(', ')}`)];
    }
    return [];
  });
}

const mixFaults = (site: Located<SeedItem<'sites'>>): SeedFault[] =>
  site.item.supply.contracts.flatMap(({ mix }, index) => {
    const at = ['supply', 'contracts', index, 'mix'];
    return sumFault(site, at, mix.pv + mix.wind);
  });

const probabilityFaults = (tenant: Located<SeedItem<'tenants'>>): SeedFault[] =>
  tenant.item.jobs.flatMap((job, index) => {
    const at = ['jobs', index, 'cardProbability'];
    if (job.cards.length !== job.cardProbability.length) {
      const problem = `has ${job.cardProbability.length} probabilities for ${job.cards.length} numbers of cards`;
      return [tenant.document.fault([...tenant.path, ...at], problem, 'give one for each entry of cards')];
    }
    return sumFault(
      tenant,
      at,
      job.cardProbability.reduce((sum, value) => sum + value, 0),
    );
  });

function sumFault(from: Located<unknown>, at: SeedPath, sum: number): SeedFault[] {
  if (Math.abs(sum - 1) <= 1e-6) return [];
  return [
    from.document.fault([...from.path, ...at], `adds up to ${round(sum, 4)}, not to 1`, 'make the parts sum to 1'),
  ];
}

function tariffFaults(tariff: Located<SeedItem<'tariffs'>>): SeedFault[] {
  return [...hourFaults(tariff), ...rowFaults(tariff), ...baseFaults(tariff)];
}

/** Each hour of each month belongs to exactly one period. */
function hourFaults({ item, document, path }: Located<SeedItem<'tariffs'>>): SeedFault[] {
  const faults: SeedFault[] = [];
  for (let month = 1; month <= 12; month += 1) {
    for (let hour = 0; hour < 24; hour += 1) {
      const rows = item.periods.filter(
        ({ months, hours }) => months.includes(month) && hours.some(([from, until]) => from <= hour && hour < until),
      );
      if (rows.length === 1) continue;
      const problem = `month ${month}, hour ${hour} is in ${rows.length} periods`;
      faults.push(document.fault([...path, 'periods'], problem, 'put each hour of each month into one period'));
    }
  }
  return faults;
}

/** The components must give the prices that the published table prints. */
const rowFaults = ({ item, document, path }: Located<SeedItem<'tariffs'>>): SeedFault[] =>
  item.rows.flatMap((row, index) =>
    tariffPeriods.flatMap((period) => {
      const computed = rowPrice(item, row, period);
      const listed = row.listedYuanPerKwh[period];
      if (Math.abs(computed - listed) <= 1e-6) return [];
      const problem = `lists ${listed}, but base × multiplier and the other components give ${round(computed, 6)}`;
      const at = [...path, 'rows', index, 'listedYuanPerKwh', period];
      return [document.fault(at, problem, 'check the components, the multiplier and the printed price')];
    }),
  );

function baseFaults({ item, document, path }: Located<SeedItem<'tariffs'>>): SeedFault[] {
  const { baseYuanPerKwh, agentPurchaseYuanPerKwh, lineLossYuanPerKwh } = item.components;
  const sum = agentPurchaseYuanPerKwh + lineLossYuanPerKwh;
  if (Math.abs(sum - baseYuanPerKwh) <= 1e-6) return [];
  const problem = `is ${baseYuanPerKwh}, but agent purchase and line loss give ${round(sum, 6)}`;
  return [document.fault([...path, 'components', 'baseYuanPerKwh'], problem, 'correct one of the three')];
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
