import { nearestWord } from './fault.js';
import { type Located, type SeedCollection, isMapping } from './seed-collection.js';
import type { SeedFault, SeedPath } from './seed-document.js';
import type { SeedItem, SeedSection } from './seed-schema.js';

/** Ids that a section must not use twice. A tariff is dated and may come again with a later table. */
const uniqueSections = [
  'sources',
  'assumptions',
  'districts',
  'acceleratorModels',
  'nodeTypes',
  'pueLimits',
  'benchmarks',
  'sites',
  'pools',
  'systems',
  'links',
  'jobKinds',
  'tenants',
  'grids',
  'calendars',
] as const satisfies readonly SeedSection[];

/** One id, one thing: also over files, and also in files that have other faults. */
export function checkDuplicates(seeds: SeedCollection): SeedFault[] {
  const groups = seeds.rawItems('pools').flatMap((pool) => nested(pool, 'nodeGroups'));
  const contracts = seeds.rawItems('sites').flatMap(({ item, document, path }) => {
    const { supply } = item;
    return isMapping(supply) ? nested({ item: supply, document, path: [...path, 'supply'] }, 'contracts') : [];
  });
  const lists = [...uniqueSections.map((section) => seeds.rawItems(section)), groups, contracts];
  return lists.flatMap((list) => {
    const first = new Map<string, Located<Record<string, unknown>>>();
    return list.flatMap((located) => {
      const { id } = located.item;
      if (typeof id !== 'string') return [];
      const earlier = first.get(id);
      if (!earlier) {
        first.set(id, located);
        return [];
      }
      const { where } = earlier.document.fault(earlier.path, '', '');
      return [
        located.document.fault(
          located.path,
          `the id "${id}" is taken already at ${where}`,
          'give one of the two another id',
        ),
      ];
    });
  });
}

function nested(parent: Located<Record<string, unknown>>, key: string): Located<Record<string, unknown>>[] {
  const list = parent.item[key];
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown, index) =>
    isMapping(item) ? [{ item, document: parent.document, path: [...parent.path, key, index] }] : [],
  );
}

interface Reference {
  readonly from: Located<unknown>;
  readonly at: SeedPath;
  readonly id: string;
  readonly known: Iterable<string>;
  readonly what: string;
}

/** Every id that one thing uses to name another must be defined. */
export function checkReferences(seeds: SeedCollection): SeedFault[] {
  const references = [
    ...seeds.items('sites').flatMap((site) => siteReferences(seeds, site)),
    ...seeds.items('pools').flatMap((pool) => poolReferences(seeds, pool)),
    ...seeds.items('systems').flatMap((system) => systemReferences(seeds, system)),
    ...seeds.items('links').flatMap((link) => linkReferences(seeds, link)),
    ...seeds.items('nodeTypes').flatMap((type) => nodeTypeReferences(seeds, type)),
    ...seeds.items('exchangeRates').map((rate) => exchangeReference(seeds, rate)),
    ...seeds.items('tenants').flatMap((tenant) => tenantReferences(seeds, tenant)),
    ...seeds.items('tariffs').flatMap((tariff) => tariffReferences(tariff)),
    ...seeds.items('grids').flatMap((grid) => gridReferences(grid)),
  ];
  const undefinedIds = references.flatMap(({ from, at, id, known, what }) => {
    const ids = [...known];
    if (ids.includes(id)) return [];
    const near = nearestWord(id, ids);
    const remedy = near
      ? `did you mean "${near}"?`
      : `define it, or name one of: ${ids.join(', ') || '(none defined)'}`;
    return [from.document.fault([...from.path, ...at], `no ${what} has the id "${id}"`, remedy)];
  });
  return [...undefinedIds, ...tenantCircles(seeds)];
}

/** A tenant that is above itself would send everybody who walks up the tree round for ever. */
function tenantCircles(seeds: SeedCollection): SeedFault[] {
  const tenants = seeds.items('tenants');
  const parents = new Map(tenants.map(({ item }) => [item.id, item.parentId]));
  return tenants.flatMap(({ item, document, path }) => {
    let above = item.parentId;
    for (let steps = 0; above !== undefined && above !== item.id && steps < tenants.length; steps += 1) {
      above = parents.get(above);
    }
    if (above !== item.id) return [];
    return [
      document.fault([...path, 'parentId'], 'makes the tenant its own ancestor', 'name a parent further up, or none'),
    ];
  });
}

function siteReferences(seeds: SeedCollection, from: Located<SeedItem<'sites'>>): Reference[] {
  const { district, gridId, tariff } = from.item;
  const plans = seeds
    .items('tariffs')
    .filter(({ item }) => item.id === tariff.id)
    .flatMap(({ item }) => item.plans.map(({ id }) => id));
  const tariffs = seeds.idsOf('tariffs');
  const references: Reference[] = [
    { from, at: ['district', 'id'], id: district.id, known: seeds.idsOf('districts'), what: 'district' },
    { from, at: ['gridId'], id: gridId, known: seeds.idsOf('grids'), what: 'grid' },
    { from, at: ['tariff', 'id'], id: tariff.id, known: tariffs, what: 'tariff' },
  ];
  // The plans of a tariff that is unknown, or has faults of its own, are not known either: one fault is enough.
  if (plans.length === 0) return references;
  return [...references, { from, at: ['tariff', 'planId'], id: tariff.planId, known: plans, what: 'tariff plan' }];
}

function poolReferences(seeds: SeedCollection, from: Located<SeedItem<'pools'>>): Reference[] {
  const { siteId, nodeGroups, latencyOneWayMs, tenants = [] } = from.item;
  const districts = seeds.idsOf('districts');
  const types = seeds.idsOf('nodeTypes');
  return [
    { from, at: ['siteId'], id: siteId, known: seeds.idsOf('sites'), what: 'site' },
    ...nodeGroups.map((group, index) => {
      return { from, at: ['nodeGroups', index, 'nodeType'], id: group.nodeType, known: types, what: 'node type' };
    }),
    ...tenants.map((id, index) => {
      return { from, at: ['tenants', index], id, known: seeds.idsOf('tenants'), what: 'tenant' };
    }),
    ...Object.keys(latencyOneWayMs.byDistrict).map((id) => {
      return { from, at: ['latencyOneWayMs', 'byDistrict', id], id, known: districts, what: 'district' };
    }),
  ];
}

const linkReferences = (seeds: SeedCollection, from: Located<SeedItem<'links'>>): Reference[] =>
  from.item.siteIds.map((id, index) => {
    return { from, at: ['siteIds', index], id, known: seeds.idsOf('sites'), what: 'site' };
  });

const systemReferences = (seeds: SeedCollection, from: Located<SeedItem<'systems'>>): Reference[] =>
  from.item.poolIds.map((id, index) => {
    return { from, at: ['poolIds', index], id, known: seeds.idsOf('pools'), what: 'pool' };
  });

function nodeTypeReferences(seeds: SeedCollection, from: Located<SeedItem<'nodeTypes'>>): Reference[] {
  const id = from.item.acceleratorModel;
  if (id === null) return [];
  return [{ from, at: ['acceleratorModel'], id, known: seeds.idsOf('acceleratorModels'), what: 'accelerator model' }];
}

function exchangeReference(seeds: SeedCollection, from: Located<SeedItem<'exchangeRates'>>): Reference {
  const { per, model } = from.item;
  return per === 'card'
    ? { from, at: ['model'], id: model, known: seeds.idsOf('acceleratorModels'), what: 'accelerator model' }
    : { from, at: ['model'], id: model, known: seeds.idsOf('nodeTypes'), what: 'node type' };
}

function tenantReferences(seeds: SeedCollection, from: Located<SeedItem<'tenants'>>): Reference[] {
  const { homeDistrict, parentId, priorityClass, jobs } = from.item;
  const kinds = seeds.idsOf('jobKinds');
  const demand = seeds.items('calendars').flatMap(({ item }) => item.hourlyShapes.flatMap((shape) => shape.series));
  const priorities = seeds.priorityClasses().map((row) => String(row.priority.value));
  return [
    { from, at: ['homeDistrict'], id: homeDistrict, known: seeds.idsOf('districts'), what: 'district' },
    ...(parentId ? [{ from, at: ['parentId'], id: parentId, known: seeds.idsOf('tenants'), what: 'tenant' }] : []),
    {
      from,
      at: ['priorityClass', 'value'],
      id: String(priorityClass.value),
      known: priorities,
      what: 'priority class',
    },
    ...jobs.flatMap((job, index) => [
      { from, at: ['jobs', index, 'kind'], id: job.kind, known: kinds, what: 'kind of job' },
      { from, at: ['jobs', index, 'demandSeries'], id: job.demandSeries, known: demand, what: 'demand series' },
    ]),
  ];
}

function tariffReferences(from: Located<SeedItem<'tariffs'>>): Reference[] {
  const rows = from.item.rows.map(({ id }) => id);
  return from.item.plans.map((plan, index) => {
    return { from, at: ['plans', index, 'rowId'], id: plan.rowId, known: rows, what: 'price row' };
  });
}

function gridReferences(from: Located<SeedItem<'grids'>>): Reference[] {
  const known = from.item.factorsKgPerKwh.map(({ scope }) => scope);
  const { locationScope, residualScope } = from.item;
  return [
    { from, at: ['locationScope'], id: locationScope, known, what: 'emission factor of a scope' },
    { from, at: ['residualScope'], id: residualScope, known, what: 'emission factor of a scope' },
  ];
}
