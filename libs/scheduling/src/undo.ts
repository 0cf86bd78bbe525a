import type { Undo } from './profile.js';

/** One undo for several, in the order in which they came about. */
export const allOf =
  (...undos: readonly Undo[]): Undo =>
  () => {
    for (const undo of undos.toReversed()) undo();
  };
