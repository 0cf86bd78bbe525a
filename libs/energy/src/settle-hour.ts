import {
  JOULES_PER_KWH,
  type Joules,
  type MicroYuan,
  type MilliCardMilliseconds,
  type Milligrams,
  compareKeys,
  joules,
  microYuan,
  milligrams,
  splitByLargestRemainder,
} from '#libs/domain';
import { type HourLoad, attributeHour } from './node-energy.js';
import type { SupplyHour } from './outlook.js';
import type {
  HourSettlement,
  PoolSettlement,
  SettledAmounts,
  SettlementInput,
  SettlementLine,
  SettlementSubject,
} from './settlement.js';
import { type JoulesBySource, type SupplySource, supplySources, supplyStack } from './supply-stack.js';

/**
 * Closes one hour of one site: every joule goes to an attempt or to the idle part of a pool, with its share of overhead, its
 * part of each source, what it emitted and what it cost. Totals are fixed first and then split by largest remainder, so the
 * lines sum to them exactly (DESIGN.md 6, 8).
 */
export function settleHour(input: SettlementInput): HourSettlement {
  const load = attributeHour(input.supply.from, input.groups, input.uses);
  const drafts = draftLines(load);
  const itJoules = closeItEnergy(input, drafts);
  const overhead = split(overheadOf(input, itJoules), drafts, (draft) => itJoules.get(draft.key) ?? 0n);
  const facility = new Map(drafts.map(({ key }) => [key, amount(itJoules, key) + amount(overhead, key)]));
  const stack = supplyStack(total(facility) as Joules, input.supply);
  const bySource = splitSources(stack.bySource, drafts, facility);
  const emitted = emissions(input.supply, drafts, bySource);
  const cost = costs(input.supply, drafts, bySource);
  const lines = drafts.map((draft): SettlementLine => ({
    poolId: draft.poolId,
    subject: draft.subject,
    itJoules: amount(itJoules, draft.key) as Joules,
    overheadJoules: amount(overhead, draft.key) as Joules,
    facilityJoules: amount(facility, draft.key) as Joules,
    bySource: sourcesOf(bySource, draft.key),
    greenMatchedJoules: (amount(facility, draft.key) - amount(bySource.grid, draft.key)) as Joules,
    locationMilligrams: amount(emitted.location, draft.key) as Milligrams,
    marketMilligrams: amount(emitted.market, draft.key) as Milligrams,
    costMicroYuan: amount(cost, draft.key) as MicroYuan,
    milliCardMilliseconds: BigInt(Math.round(draft.milliCardMilliseconds)) as MilliCardMilliseconds,
    coreMilliseconds: BigInt(Math.round(draft.coreMilliseconds)),
  }));
  return {
    siteId: input.siteId,
    from: input.supply.from,
    supply: input.supply,
    lines,
    pools: poolsOf(input, lines),
    site: { ...sumAmounts(lines), stack, estimated: input.metered?.facilityJoules === undefined },
  };
}

interface Draft {
  /** Attempt id first: ties of a split go to the smaller attempt id. */
  readonly key: string;
  readonly poolId: string;
  readonly subject: SettlementSubject;
  readonly itJoules: number;
  readonly milliCardMilliseconds: number;
  readonly coreMilliseconds: number;
}
type Amounts = ReadonlyMap<string, bigint>;

function draftLines({ attempts, idle }: HourLoad): Draft[] {
  const held = attempts.map(({ poolId, attemptId, tenantId, jobClass, ...load }): Draft => {
    return {
      ...load,
      key: `${attemptId}@${poolId}`,
      poolId,
      subject: { kind: 'attempt', attemptId, tenantId, jobClass },
    };
  });
  const free = [...idle]
    .sort(([a], [b]) => compareKeys(a, b))
    .map(([poolId, load]): Draft => {
      // An overfilled node leaves less than nothing free; its time is what the engine gave out, and idle is none.
      const milliCardMilliseconds = Math.max(0, load.milliCardMilliseconds);
      const coreMilliseconds = Math.max(0, load.coreMilliseconds);
      return {
        ...load,
        milliCardMilliseconds,
        coreMilliseconds,
        key: `~idle@${poolId}`,
        poolId,
        subject: { kind: 'idle' },
      };
    });
  return [...held, ...free];
}

/** Each pool's total, metered or modelled, divided over its lines as the model divides it. */
function closeItEnergy(input: SettlementInput, drafts: readonly Draft[]): Amounts {
  const closed = new Map<string, bigint>();
  for (const [poolId, own] of byPool(drafts)) {
    const metered = input.metered?.itJoulesByPool?.[poolId];
    const modelled = own.reduce((sum, draft) => sum + draft.itJoules, 0);
    const parts = split(metered ?? joules(modelled), own, microJoules);
    for (const [key, part] of parts) closed.set(key, part);
  }
  return closed;
}

const microJoules = (draft: Draft): bigint => BigInt(Math.round(draft.itJoules * 1e6));

function overheadOf({ metered, pue }: SettlementInput, itJoules: Amounts): bigint {
  const it = total(itJoules);
  if (metered?.facilityJoules === undefined) return joules(Number(it) * Math.max(0, pue - 1));
  return metered.facilityJoules > it ? metered.facilityJoules - it : 0n;
}

/**
 * Divides each source over the lines so that a line's sources sum to its facility energy and a source's lines to its total.
 * Each split weighs by what a line still lacks: a part of it rounded up is at most that, so no line is overdrawn, and the last
 * source finds exactly what is left. Splitting every source by facility energy would leave lines a joule short or over.
 */
function splitSources(
  sources: JoulesBySource,
  drafts: readonly Draft[],
  facility: Amounts,
): Record<SupplySource, Amounts> {
  const lacking = new Map(facility);
  const divided = supplySources.map((source) => {
    const parts = split(sources[source], drafts, (draft) => amount(lacking, draft.key));
    for (const [key, part] of parts) lacking.set(key, amount(lacking, key) - part);
    return [source, parts] as const;
  });
  return Object.fromEntries(divided) as Record<SupplySource, Amounts>;
}

function emissions(
  supply: SupplyHour,
  drafts: readonly Draft[],
  bySource: Record<SupplySource, Amounts>,
): { location: Amounts; market: Amounts } {
  const overWires = (draft: Draft): bigint => amount(bySource.contract, draft.key) + amount(bySource.grid, draft.key);
  const uncovered = (draft: Draft): bigint => amount(bySource.grid, draft.key);
  const emit = (gramsPerKwh: number, energyOf: (draft: Draft) => bigint): Amounts => {
    const energy = drafts.reduce((sum, draft) => sum + energyOf(draft), 0n);
    return split(milligrams((Number(energy) / JOULES_PER_KWH) * gramsPerKwh * 1000), drafts, energyOf);
  };
  return { location: emit(supply.locationGramsPerKwh, overWires), market: emit(supply.marketGramsPerKwh, uncovered) };
}

function costs(
  { price, contractYuanPerKwh }: SupplyHour,
  drafts: readonly Draft[],
  bySource: Record<SupplySource, Amounts>,
): Amounts {
  const yuanPerKwh: Record<SupplySource, number> = {
    directPv: price.directYuanPerKwh,
    directHydro: price.directYuanPerKwh,
    storage: price.directYuanPerKwh,
    contract: contractYuanPerKwh,
    grid: price.gridYuanPerKwh,
  };
  const sums = new Map(drafts.map(({ key }) => [key, 0n]));
  for (const source of supplySources) {
    const bill = microYuan((Number(total(bySource[source])) / JOULES_PER_KWH) * yuanPerKwh[source] * 1e6);
    const parts = split(bill, drafts, (draft) => amount(bySource[source], draft.key));
    for (const [key, part] of parts) sums.set(key, amount(sums, key) + part);
  }
  return sums;
}

/** Largest remainder; what has no weight anywhere (a meter that ran while the model sees no load) goes to the idle lines. */
function split(whole: bigint, drafts: readonly Draft[], weightOf: (draft: Draft) => bigint): Amounts {
  // Most sites have no sun or store in most hours; `amount` reads what is missing as nothing.
  if (whole === 0n) return new Map();
  const weighed = drafts.map((draft) => ({ key: draft.key, weight: weightOf(draft) }));
  if (weighed.some(({ weight }) => weight > 0n)) return splitByLargestRemainder(whole, weighed);
  const idle = drafts.filter(({ subject }) => subject.kind === 'idle').map(({ key }) => ({ key, weight: 1n }));
  return splitByLargestRemainder(whole, idle);
}

const poolsOf = (input: SettlementInput, lines: readonly SettlementLine[]): PoolSettlement[] =>
  [...byPool(lines)]
    .sort(([a], [b]) => compareKeys(a, b))
    .map(([poolId, own]) => ({
      poolId,
      ...sumAmounts(own),
      estimated: input.metered?.itJoulesByPool?.[poolId] === undefined,
    }));

function sumAmounts(lines: readonly SettlementLine[]): SettledAmounts {
  const add = <T extends bigint>(read: (line: SettlementLine) => T): T =>
    lines.reduce((sum, line) => sum + read(line), 0n as bigint) as T;
  return {
    itJoules: add((line) => line.itJoules),
    overheadJoules: add((line) => line.overheadJoules),
    facilityJoules: add((line) => line.facilityJoules),
    bySource: Object.fromEntries(
      supplySources.map((source) => [source, add((line) => line.bySource[source])]),
    ) as unknown as JoulesBySource,
    greenMatchedJoules: add((line) => line.greenMatchedJoules),
    locationMilligrams: add((line) => line.locationMilligrams),
    marketMilligrams: add((line) => line.marketMilligrams),
    costMicroYuan: add((line) => line.costMicroYuan),
    milliCardMilliseconds: add((line) => line.milliCardMilliseconds),
    coreMilliseconds: add((line) => line.coreMilliseconds),
  };
}

function byPool<T extends { readonly poolId: string }>(items: readonly T[]): Map<string, T[]> {
  const pools = new Map<string, T[]>();
  for (const item of items) {
    const own = pools.get(item.poolId);
    if (own) own.push(item);
    else pools.set(item.poolId, [item]);
  }
  return pools;
}

const sourcesOf = (bySource: Record<SupplySource, Amounts>, key: string): JoulesBySource =>
  Object.fromEntries(
    supplySources.map((source) => [source, amount(bySource[source], key) as Joules]),
  ) as unknown as JoulesBySource;
const amount = (amounts: Amounts, key: string): bigint => amounts.get(key) ?? 0n;
const total = (amounts: Amounts): bigint => [...amounts.values()].reduce((sum, part) => sum + part, 0n);
