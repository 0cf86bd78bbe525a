import type { Overrun, ReservationTaken, ReservationView } from '#libs/application';
import { rfc3339 } from '#libs/domain';
import { Problem } from '#libs/http';
import type { ReservationBooked, ReservationShown } from '../reservations/reservation-views.js';
import { timeOrNull } from './amounts.js';

export function reservationShown(view: ReservationView): ReservationShown {
  return {
    id: view.id,
    kind: view.kind,
    name: view.name,
    tenant: view.tenantId,
    class: view.class,
    from: rfc3339(view.from),
    until: rfc3339(view.until),
    recurrence: view.recurrence && recurrenceShown(view.recurrence),
    parts: view.parts.map(({ poolId, groupId, nodes }) => ({
      pool: poolId,
      group: groupId,
      nodes: typeof nodes === 'object' ? [...nodes] : nodes,
    })),
    giveBackAfterSeconds: view.giveBackAfterSeconds,
    drain: view.drain,
    state: view.state,
    createdAt: rfc3339(view.createdAt),
    occurrences: view.occurrences.map(({ from, until, state, nodeIds, use }) => ({
      from: rfc3339(from),
      until: rfc3339(until),
      state,
      nodes: [...nodeIds],
      use: use && { ...use, lastUsedAt: timeOrNull(use.lastUsedAt) },
    })),
  };
}
export const bookedShown = (view: ReservationView, { attempts, latestEnd }: Overrun): ReservationBooked => ({
  ...reservationShown(view),
  overrun: { attempts, latestEnd: timeOrNull(latestEnd) },
});

function recurrenceShown({ until, weekdays, ...rest }: NonNullable<ReservationView['recurrence']>) {
  return {
    ...rest,
    ...(weekdays && { weekdays: [...weekdays] }),
    ...(until !== undefined && { until: rfc3339(until) }),
  };
}

/** 409: what is free, and which bookings are in the way. */
export function takenProblem({ refused, occurrence, names }: ReservationTaken): Problem {
  const inTheWay = refused.inTheWay.map(({ bookingId, from, until }) => ({
    id: bookingId,
    name: names[bookingId] ?? bookingId,
    from: rfc3339(from),
    until: rfc3339(until),
  }));
  const shown = inTheWay
    .slice(0, 3)
    .map(({ id, name, from, until }) => `"${name}" (${id}) from ${from} until ${until}`);
  const more = inTheWay.length > 3 ? ` and ${inTheWay.length - 3} more` : '';
  const why =
    refused.reason === 'taken'
      ? `in the way: ${shown.join(', ')}${more}`
      : `the group does not have as many${refused.unknown.length > 0 ? `, nor ${refused.unknown.join(', ')}` : ''}`;
  const detail = `From ${rfc3339(occurrence.from)} until ${rfc3339(occurrence.until)}, ${refused.free} of the ${refused.asked} nodes asked of group ${refused.groupId} are free of bookings; ${why}.`;
  return new Problem('nodes-booked', detail, {
    errors: [
      { pointer: `#/parts/${refused.part}`, detail: `${refused.free} of ${refused.asked} nodes are free of bookings` },
    ],
    members: {
      occurrence: { from: rfc3339(occurrence.from), until: rfc3339(occurrence.until) },
      group: refused.groupId,
      asked: refused.asked,
      free: refused.free,
      inTheWay,
    },
  });
}
