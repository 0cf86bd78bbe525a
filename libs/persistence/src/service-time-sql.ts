/** `remember` comes every second or so; a scaled clock that is quiet for longer in wall time stands still. */
export const quietWallMs = 5_000;

/**
 * Service time (DESIGN.md 4.1) as an expression over the row `c` of service_clock, for statements whose caller has no clock.
 * A scaled clock that stands still is where it was last seen, as when it resumes there.
 */
export const serviceNow = `
  case when c.rate = 1 then clock_timestamp()
    when clock_timestamp() - c.wall_origin - (c.seen_at - c.origin) / c.rate > ${quietWallMs} * interval '1 millisecond' then c.seen_at
    else c.origin + c.rate * (clock_timestamp() - c.wall_origin) end`;
