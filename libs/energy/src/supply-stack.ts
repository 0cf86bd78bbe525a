import { type Joules, joules } from '#libs/domain';
import type { SupplyHour } from './outlook.js';

/** In the order they are drawn (DESIGN.md 8). */
export const supplySources = ['directPv', 'directHydro', 'storage', 'contract', 'grid'] as const;
export type SupplySource = (typeof supplySources)[number];
export type JoulesBySource = Readonly<Record<SupplySource, Joules>>;

export type SupplyOfHour = Pick<SupplyHour, 'directPvWatts' | 'hydroDirectShare' | 'storageWatts' | 'contractWatts'>;

/** How a load of one hour was fed. The five sources sum to the load. */
export interface SupplyStack {
  readonly loadJoules: Joules;
  readonly bySource: JoulesBySource;
  /** Load that green supply of the same hour covered: direct lines, storage and contracts, never the grid's mix. */
  readonly matchedGreenJoules: Joules;
  /** Green supply of the hour, used or not. */
  readonly availableGreenJoules: Joules;
  /** Generation of the direct line that nothing took. */
  readonly curtailedJoules: Joules;
  /** Contracted energy that fell in an hour without load for it: bought, not matched. */
  readonly unmatchedContractJoules: Joules;
}

/** Draws the load from each source in turn: direct line, storage, contract, grid. */
export function supplyStack(loadJoules: Joules, hour: SupplyOfHour): SupplyStack {
  const available = {
    directPv: joulesOfHour(hour.directPvWatts),
    storage: joulesOfHour(hour.storageWatts),
    contract: joulesOfHour(hour.contractWatts),
  };
  let open = loadJoules;
  const draw = (amount: Joules): Joules => {
    const drawn = amount < open ? amount : open;
    open = (open - drawn) as Joules;
    return drawn;
  };
  const directPv = draw(available.directPv);
  // The station follows the load, so what it could have given and did not is no surplus: it counts as available when drawn.
  const directHydro = draw(partOf(loadJoules, hour.hydroDirectShare));
  const storage = draw(available.storage);
  const contract = draw(available.contract);
  return {
    loadJoules,
    bySource: { directPv, directHydro, storage, contract, grid: open },
    matchedGreenJoules: (loadJoules - open) as Joules,
    availableGreenJoules: (available.directPv + directHydro + available.storage + available.contract) as Joules,
    curtailedJoules: (available.directPv - directPv) as Joules,
    unmatchedContractJoules: (available.contract - contract) as Joules,
  };
}

const joulesOfHour = (watts: number): Joules => joules(watts * 3600);

// Parts per billion: a share as a float would lose joules of a large load, and the whole load must stay the whole load.
const partOf = (load: Joules, share: number): Joules =>
  ((load * BigInt(Math.round(share * 1e9))) / 1_000_000_000n) as Joules;
