/**
 * A stream of chance that is a function of its seed text alone: the same on every machine, in every chunking, after every
 * restart. xoshiro128** 1.1 (Blackman and Vigna, prng.di.unimi.it, public domain), its four words of state hashed from the seed.
 *
 * The integers are exact everywhere. What goes through Math.log, exp and cos is exact on one engine (V8 carries its own
 * fdlibm); ECMAScript leaves the last bit of these to others.
 */
export class RandomStream {
  private spareNormal: number | null = null;

  private constructor(private readonly state: Uint32Array) {}

  static seeded(seed: string): RandomStream {
    return new RandomStream(Uint32Array.from(laneBases, (basis) => hash32(seed, basis)));
  }

  /** For comparing with the generator's published outputs. Throws RangeError on the all-zero state, from which it never leaves. */
  static fromState(words: readonly [number, number, number, number]): RandomStream {
    if (words.every((word) => word === 0)) throw new RangeError('xoshiro128** needs a state with a bit set');
    return new RandomStream(Uint32Array.from(words));
  }

  /** The next 32 bits. */
  next(): number {
    const s = this.state as Uint32Array & [number, number, number, number];
    const result = Math.imul(rotateLeft(Math.imul(s[1], 5), 7), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotateLeft(s[3], 11);
    return result;
  }

  /** In [0, 1), 53 bits. */
  uniform(): number {
    return ((this.next() >>> 5) * 2 ** 26 + (this.next() >>> 6)) / 2 ** 53;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** Standard normal, by Box and Muller; two at a time, the second is kept for the next call. */
  normal(): number {
    if (this.spareNormal !== null) {
      const spare = this.spareNormal;
      this.spareNormal = null;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Poisson by multiplying uniforms (Knuth); a large mean is a sum of small ones, whose exponentials do not vanish. */
  poisson(mean: number): number {
    if (!(mean >= 0 && mean <= MOST_EXPECTED)) {
      throw new RangeError(`a Poisson mean of ${mean} cannot be drawn: give 0 to ${MOST_EXPECTED}`);
    }
    let count = 0;
    for (let left = mean; left > 0; left -= POISSON_STEP) {
      const floor = Math.exp(-Math.min(left, POISSON_STEP));
      for (let product = this.uniform(); product > floor; product *= this.uniform()) count += 1;
    }
    return count;
  }

  /** One of the items, by weight; weights need not sum to one. Throws RangeError when there is none. */
  pick<T>(items: readonly T[], weightOf: (item: T, index: number) => number): T {
    const weights = items.map(weightOf);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let left = this.uniform() * total;
    for (const [index, item] of items.entries()) {
      left -= weights[index]!;
      if (left < 0) return item;
    }
    if (items.length === 0 || total <= 0)
      throw new RangeError('nothing to pick from: give an item with a weight above zero');
    // What the subtractions lost in the last bits belongs to the last item that has a weight.
    return items[weights.findLastIndex((weight) => weight > 0)]!;
  }
}

const POISSON_STEP = 16;
const MOST_EXPECTED = 1e6;

// Different bases make four nearly independent hashes of one text; any odd-looking constants do, these are the SHA-256 ones.
const laneBases = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a];

const rotateLeft = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));

/** A stable hash of a text into [0, 1): for spreading users and queues, today as tomorrow, in any order of asking. */
export const stableFraction = (text: string): number => hash32(text, laneBases[0]!) / 2 ** 32;

/** FNV-1a over UTF-16 code units from a basis, finished by MurmurHash3's mixer: close texts get far hashes. */
function hash32(text: string, basis: number): number {
  let hash = basis;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
