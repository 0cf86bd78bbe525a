import { type Instant, type ServiceClock, serviceTime, wallDuration } from '#libs/domain';
import type { WallClock } from './ports.js';

/** Service time for whoever needs "now" on the clock that jobs, tariffs and settlement hours live on (DESIGN.md 4.1). */
export class ServiceTime {
  constructor(
    private readonly clock: ServiceClock,
    private readonly wall: WallClock,
  ) {}

  now(): Instant {
    return serviceTime(this.clock, this.wall.now());
  }
  get rate(): number {
    return this.clock.rate;
  }
  /** Wall milliseconds that a stretch of service time lasts. */
  wallMs(serviceMs: number): number {
    return wallDuration(this.clock, serviceMs);
  }
  /** The service time of a wall time: for what real engines tell in wall time. */
  at(wallMs: number): Instant {
    return serviceTime(this.clock, wallMs);
  }
}

/** Planner seconds: starts round up. */
export const toSeconds = (at: Instant): number => Math.ceil(at / 1000);
export const toMs = (seconds: number): Instant => seconds * 1000;
