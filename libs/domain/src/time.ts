/**
 * Service time is epoch milliseconds (UTC). Tariff days and all calendars are Asia/Shanghai, which has had no summer time
 * since 1991 and is therefore a fixed +08:00 here; settlement hours are UTC hour starts, and the two grids coincide.
 */
export type Instant = number;

export const SECOND_MS = 1_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
const SHANGHAI_OFFSET_MS = 8 * HOUR_MS;

export interface LocalTime {
  readonly year: number;
  /** 1..12 */
  readonly month: number;
  readonly day: number;
  /** 0..23 */
  readonly hour: number;
  readonly minute: number;
  /** 0 = Sunday */
  readonly weekday: number;
  /** YYYY-MM-DD in Asia/Shanghai */
  readonly date: string;
}

export function shanghai(at: Instant): LocalTime {
  const shifted = new Date(at + SHANGHAI_OFFSET_MS);
  return {
    year: shifted.getUTCFullYear(),
    month: shifted.getUTCMonth() + 1,
    day: shifted.getUTCDate(),
    hour: shifted.getUTCHours(),
    minute: shifted.getUTCMinutes(),
    weekday: shifted.getUTCDay(),
    date: shifted.toISOString().slice(0, 10),
  };
}

export const hourStart = (at: Instant): Instant => Math.floor(at / HOUR_MS) * HOUR_MS;

/** RFC 3339 with the Asia/Shanghai offset: the form of every time that leaves the service. */
export function rfc3339(at: Instant): string {
  const text = new Date(at + SHANGHAI_OFFSET_MS).toISOString();
  return `${text.slice(0, -1).replace(/\.000$/, '')}+08:00`;
}

/** service = origin + rate × (wall − wallOrigin); DESIGN.md 4.1. */
export interface ServiceClock {
  readonly originMs: Instant;
  readonly wallOriginMs: number;
  /** Service seconds a wall second; 1 in production. */
  readonly rate: number;
}

export const serviceTime = (clock: ServiceClock, wallMs: number): Instant =>
  Math.floor(clock.originMs + clock.rate * (wallMs - clock.wallOriginMs));

/** How many wall milliseconds a stretch of service time lasts. */
export const wallDuration = (clock: ServiceClock, serviceMs: number): number => serviceMs / clock.rate;
