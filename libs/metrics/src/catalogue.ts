import { capacityFamilies } from './catalogue/capacity.js';
import { costFamilies, energyFamilies } from './catalogue/energy.js';
import type { Family, FamilyGroup } from './catalogue/family.js';
import { queueFamilies } from './catalogue/queue.js';
import { schedulerFamilies } from './catalogue/scheduler.js';
import { serviceFamilies } from './catalogue/service.js';

/**
 * The one table of what leaves the service as a metric. Collectors, instruments, METRICS.md and the label whitelist read it, and
 * a test compares it with the output in both directions. Groups keep the letters of the catalogue they come from.
 */
export const catalogueByGroup = {
  A: capacityFamilies,
  C: queueFamilies,
  D: schedulerFamilies,
  E: energyFamilies,
  F: costFamilies,
  H: serviceFamilies,
} as const satisfies Record<FamilyGroup, Readonly<Record<string, Family>>>;

export const catalogue = {
  ...capacityFamilies,
  ...queueFamilies,
  ...schedulerFamilies,
  ...energyFamilies,
  ...costFamilies,
  ...serviceFamilies,
} as const;

export type FamilyKey = keyof typeof catalogue;
export const familyKeys = Object.keys(catalogue) as FamilyKey[];
export type LabelsOf<K extends FamilyKey> = Readonly<Record<(typeof catalogue)[K]['labels'][number], string>>;

export const familyOf = (key: FamilyKey): Family => catalogue[key];
export const helpOf = ({ help }: Family): string => `${help.zh} / ${help.en}`;
export const labelNames: ReadonlySet<string> = new Set(familyKeys.flatMap((key) => [...familyOf(key).labels]));
export { bounds, groupTitles, maxSeries, maxSeriesPerFamily, other, prefix } from './catalogue/family.js';
export type { Family, FamilyGroup, MetricType, Origin } from './catalogue/family.js';
