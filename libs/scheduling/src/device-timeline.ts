import type { Seconds } from './model.js';
import type { DeviceNeed } from './shared-cards.js';
import type { Vector } from './vector.js';

const FIRST_DEVICE = 3;

/** Least of each that is left on a node over some stretch of time. */
export interface Left {
  /** Milli-cores. */
  cores: number;
  /** MiB. */
  memory: number;
  /** Milli of each card, by its index. */
  readonly devices: number[];
}

/**
 * What one node with shared cards has left over time: steps of (time, cores, memory, milli of card 0, of card 1, …) in one
 * flat array, each valid until the next, the first from minus infinity and the last for ever. Equal neighbours are merged.
 */
export class DeviceTimeline {
  private readonly steps: number[];
  private readonly stride: number;
  readonly devices: number;

  constructor(capacity: Vector) {
    this.devices = Math.floor(capacity.cards / 1000);
    this.stride = FIRST_DEVICE + this.devices;
    const whole = Array.from({ length: this.devices }, () => 1000);
    this.steps = [-Infinity, capacity.cores, capacity.memory, ...whole];
  }

  /** Adds `sign` times the need on those cards in [from, until). */
  shift(from: Seconds, until: Seconds, hold: { need: DeviceNeed; devices: readonly number[]; sign: 1 | -1 }): void {
    if (until <= from) return;
    const { need, devices, sign } = hold;
    const first = this.cut(from);
    const last = until === Infinity ? this.steps.length : this.cut(until);
    for (let i = first; i < last; i += this.stride) {
      this.steps[i + 1]! += sign * need.cores;
      this.steps[i + 2]! += sign * need.memory;
      for (const device of devices) this.steps[i + FIRST_DEVICE + device]! += sign * need.milli;
    }
    this.heal(last);
    this.heal(first);
  }

  /** Seconds from `at` during which the need can be met by the same cards: 0 when it cannot be at once. */
  room(at: Seconds, need: DeviceNeed): number {
    let i = this.stepAt(at);
    const left = this.levels(i);
    if (!meets(left, need)) return 0;
    for (i += this.stride; i < this.steps.length; i += this.stride) {
      this.lower(left, i);
      if (!meets(left, need)) return this.steps[i]! - at;
    }
    return Infinity;
  }

  /** The first time from `at` on at which the need can be met for a moment; Infinity when never. */
  firstFit(at: Seconds, need: DeviceNeed): Seconds {
    for (let i = this.stepAt(at); i < this.steps.length; i += this.stride) {
      if (meets(this.levels(i), need)) return Math.max(at, this.steps[i]!);
    }
    return Infinity;
  }

  /** The first time after `after` at which there is more of anything. */
  nextRise(after: Seconds): Seconds {
    for (let i = this.stepAt(after) + this.stride; i < this.steps.length; i += this.stride) {
      for (let k = 1; k < this.stride; k++) {
        if (this.steps[i + k]! > this.steps[i + k - this.stride]!) return this.steps[i]!;
      }
    }
    return Infinity;
  }

  /** Least that is left at any time of [from, from + seconds). */
  lows(from: Seconds, seconds: number): Left {
    let i = this.stepAt(from);
    const left = this.levels(i);
    for (i += this.stride; i < this.steps.length && this.steps[i]! < from + seconds; i += this.stride) {
      this.lower(left, i);
    }
    return left;
  }

  /**
   * Calls back with each span [first, last] of starts from `from` on at which the same cards meet the need for `seconds`.
   * A card that is free early and one that is free late do not make one span, however they overlap.
   */
  eachStart(need: DeviceNeed, seconds: number, from: Seconds, visit: (first: Seconds, last: Seconds) => void): void {
    const host = this.spans(
      from,
      seconds,
      (i) => this.steps[i + 1]! >= need.cores && this.steps[i + 2]! >= need.memory,
    );
    if (need.count === 0) {
      for (const span of host) visit(span.first, span.last);
      return;
    }
    const cards: Span[] = [];
    for (let device = 0; device < this.devices; device++) {
      cards.push(...this.spans(from, seconds, (i) => this.steps[i + FIRST_DEVICE + device]! >= need.milli));
    }
    for (const one of deepEnough(cards, need.count)) {
      for (const other of host) {
        const first = Math.max(one.first, other.first);
        const last = Math.min(one.last, other.last);
        if (first <= last) visit(first, last);
      }
    }
  }

  private spans(from: Seconds, seconds: number, holds: (step: number) => boolean): Span[] {
    const found: Span[] = [];
    let opened = NaN;
    for (let i = this.stepAt(from); i < this.steps.length; i += this.stride) {
      if (holds(i)) {
        if (Number.isNaN(opened)) opened = Math.max(from, this.steps[i]!);
      } else if (!Number.isNaN(opened)) {
        if (this.steps[i]! - seconds >= opened) found.push({ first: opened, last: this.steps[i]! - seconds });
        opened = NaN;
      }
    }
    if (!Number.isNaN(opened)) found.push({ first: opened, last: Infinity });
    return found;
  }

  private levels(i: number): Left {
    return {
      cores: this.steps[i + 1]!,
      memory: this.steps[i + 2]!,
      devices: this.steps.slice(i + FIRST_DEVICE, i + this.stride),
    };
  }

  private lower(left: Left, i: number): void {
    left.cores = Math.min(left.cores, this.steps[i + 1]!);
    left.memory = Math.min(left.memory, this.steps[i + 2]!);
    for (let device = 0; device < this.devices; device++) {
      left.devices[device] = Math.min(left.devices[device]!, this.steps[i + FIRST_DEVICE + device]!);
    }
  }

  private stepAt(at: Seconds): number {
    let i = this.steps.length - this.stride;
    while (i > 0 && this.steps[i]! > at) i -= this.stride;
    return i;
  }

  /** Makes a step begin at a time and tells where it is. */
  private cut(at: Seconds): number {
    const i = this.stepAt(at);
    if (this.steps[i] === at) return i;
    const next = i + this.stride;
    this.steps.splice(next, 0, at, ...this.steps.slice(i + 1, next));
    return next;
  }

  private heal(i: number): void {
    if (i < this.stride || i >= this.steps.length) return;
    for (let k = 1; k < this.stride; k++) if (this.steps[i + k] !== this.steps[i + k - this.stride]) return;
    this.steps.splice(i, this.stride);
  }
}

interface Span {
  readonly first: Seconds;
  readonly last: Seconds;
}

/** Whether one and the same moment (or, given least levels, stretch) meets the need. */
export function meets(left: Left, need: DeviceNeed): boolean {
  if (left.cores < need.cores || left.memory < need.memory) return false;
  let short = need.count;
  for (let device = 0; device < left.devices.length && short > 0; device++) {
    if (left.devices[device]! >= need.milli) short--;
  }
  return short === 0;
}

/** The closed spans in which at least `count` of the given closed spans overlap. */
function deepEnough(spans: readonly Span[], count: number): Span[] {
  const firsts = spans.map((span) => span.first).sort((a, b) => a - b);
  const lasts = spans.map((span) => span.last).sort((a, b) => a - b);
  const found: Span[] = [];
  let closed = 0;
  let since = NaN;
  let opened = 0;
  while (closed < lasts.length) {
    if (opened < firsts.length && firsts[opened]! <= lasts[closed]!) {
      if (++opened - closed === count) since = firsts[opened - 1]!;
    } else if (opened - closed++ === count) found.push({ first: since, last: lasts[closed - 1]! });
  }
  return found;
}
