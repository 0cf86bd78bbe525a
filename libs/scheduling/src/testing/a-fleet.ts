import { Fleet } from '../fleet.js';
import { aGroup, aPool } from './builders.js';

/** Places of the groups of `aFleet`, which sorts them by id. */
export const EAST = 0;
export const WEST = 1;
export const eastAndWest = [aGroup('west', { nodes: ['w0', 'w1'] }), aGroup('east')];

/** Four nodes in the east and two in the west, unless another fleet is asked for. */
export const aFleet = (over: Partial<ConstructorParameters<typeof Fleet>[0]> = {}): Fleet =>
  new Fleet({ pools: [aPool('east'), aPool('west')], groups: eastAndWest, ...over });

/** Which of its numbers goes up when something is done to a fleet. */
export function changed(fleet: Fleet, act: (fleet: Fleet) => void): string[] {
  const numbers = (): Record<string, number> => ({
    version: fleet.version,
    pools: fleet.poolsVersion,
    tenancy: fleet.tenancyVersion,
    windows: fleet.windowsVersion,
    caps: fleet.capsVersion,
    holdings: fleet.holdingsVersion,
  });
  const before = numbers();
  act(fleet);
  const after = numbers();
  return Object.keys(before).filter((name) => after[name]! > before[name]!);
}
