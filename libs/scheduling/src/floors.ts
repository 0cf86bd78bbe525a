import type { Seconds } from './model.js';
import type { Ask } from './profile.js';

const STRIDE = 7;
const KEPT = 4096;

/**
 * Starts that were found in a profile that has only become fuller since: whoever asks for no less finds no place before them.
 * Any of them may be forgotten; the latest are kept.
 */
export class Floors {
  private readonly found = new Float64Array(KEPT * STRIDE);
  private noted = 0;

  clear(): void {
    this.noted = 0;
  }

  /** A time in front of which no start from `from` on is possible. */
  under(ask: Ask, seconds: number, from: Seconds): Seconds {
    const { found } = this;
    const { cards, cores, memory } = ask.perNode;
    const end = Math.min(this.noted, KEPT) * STRIDE;
    let floor = from;
    for (let i = 0; i < end; i += STRIDE) {
      if (found[i]! <= floor || found[i + 1]! > floor) continue;
      if (found[i + 2]! > ask.nodes || found[i + 3]! > seconds) continue;
      if (found[i + 4]! > cards || found[i + 5]! > cores || found[i + 6]! > memory) continue;
      floor = found[i]!;
    }
    return floor;
  }

  /** No start in [from, start) is possible. */
  note(ask: Ask, seconds: number, [from, start]: readonly [Seconds, Seconds]): void {
    const { cards, cores, memory } = ask.perNode;
    this.found.set([start, from, ask.nodes, seconds, cards, cores, memory], (this.noted++ % KEPT) * STRIDE);
  }
}
