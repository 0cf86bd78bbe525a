import { z } from 'zod';
import { occurrenceStates } from '#libs/application';
import { jobClasses } from '#libs/domain';
import { bookingKinds, weekdays } from '#libs/scheduling';
import { Slug, TimeText, pageSchema, printableText } from '../schemas/common.js';

const MOST_NODES = 10_000;
const MOST_PARTS = 40;
const LONGEST_SECONDS = 31 * 86_400;

const Name = z.string().min(1).max(200).regex(printableText, { error: 'contains control characters' });
const Recurrence = z
  .strictObject({
    frequency: z.enum(['daily', 'weekly']),
    interval: z.int().min(1).max(52).default(1).meta({ description: 'Every so many days or weeks' }),
    weekdays: z
      .array(z.enum(weekdays))
      .min(1)
      .max(7)
      .optional()
      .meta({ description: 'In Asia/Shanghai; weeks begin on Monday' }),
    until: TimeText.optional().meta({ description: 'The last occurrence begins at this time or before' }),
    count: z.int().min(1).max(1000).optional().meta({ description: 'So many occurrences, the first included' }),
  })
  .meta({ id: 'Recurrence', description: 'At the same time of day in Asia/Shanghai' });

const Part = z
  .strictObject({
    pool: Slug,
    group: Slug.optional().meta({ description: 'Needed for a count where the pool has several groups' }),
    nodes: z
      .union([z.int().min(1).max(MOST_NODES), z.array(Slug).min(1).max(MOST_NODES), z.literal('all')])
      .optional()
      .meta({
        description: 'So many, these, or all of the group (without a group: of the pool), which is the default',
      }),
  })
  .meta({ id: 'ReservationPart' });

const times = {
  from: TimeText.optional().meta({ description: 'Start of the first occurrence, whole seconds; absent: now' }),
  until: TimeText.optional().meta({ description: 'Its end; or give durationSeconds' }),
  durationSeconds: z.int().min(1).max(LONGEST_SECONDS).optional(),
};
const parts = z
  .array(Part)
  .min(1)
  .max(MOST_PARTS)
  .meta({ description: 'All of them are booked, or none; they may be in several pools' });
const giveBackAfterSeconds = z
  .int()
  .min(60)
  .max(LONGEST_SECONDS)
  .meta({ description: 'What those it is open to leave unused for so long goes back to everybody' });

export const ReservationBody = z
  .strictObject({
    name: Name,
    tenant: Slug.optional().meta({ description: 'Open to jobs of this tenant and of those below it' }),
    class: z.enum(jobClasses).optional().meta({ description: 'Open to jobs of this class; with a tenant: of both' }),
    ...times,
    recurrence: Recurrence.optional(),
    parts,
    giveBackAfterSeconds: giveBackAfterSeconds.optional(),
  })
  .meta({ id: 'ReservationRequest' });
export type ReservationBody = z.infer<typeof ReservationBody>;

export const MaintenanceBody = z
  .strictObject({
    name: Name.meta({ description: 'Why; shown as the reason on its nodes' }),
    ...times,
    recurrence: Recurrence.optional(),
    parts,
    drain: z
      .boolean()
      .default(false)
      .meta({ description: 'Nothing new starts on its nodes from now on, not even what would end before it' }),
  })
  .meta({ id: 'MaintenanceRequest' });
export type MaintenanceBody = z.infer<typeof MaintenanceBody>;

const changes = { name: Name.optional(), ...times, recurrence: Recurrence.nullish(), parts: parts.optional() };
export const ReservationChangeBody = z
  .strictObject({ ...changes, giveBackAfterSeconds: giveBackAfterSeconds.nullish() })
  .meta({ id: 'ReservationChange', description: 'Fields that are absent stay as they are; null takes one away' });
export type ReservationChangeBody = z.infer<typeof ReservationChangeBody>;
export const MaintenanceChangeBody = z.strictObject(changes).meta({ id: 'MaintenanceChange' });
export type MaintenanceChangeBody = z.infer<typeof MaintenanceChangeBody>;

const Occurrence = z
  .strictObject({
    from: TimeText,
    until: TimeText,
    state: z.enum(occurrenceStates).meta({
      description:
        'unmet: it came again and found its nodes booked by others; given-back: nobody it is open to used it, so that its rest is free',
    }),
    nodes: z.array(z.string()),
    use: z
      .strictObject({
        use: z.enum(['unused', 'partly', 'whole']),
        nodesUsed: z.int(),
        nodesHeld: z.int(),
        lastUsedAt: TimeText.nullable(),
      })
      .nullable()
      .meta({ description: 'By jobs that it is open to and the key may see; null before its start and in lists' }),
  })
  .meta({ id: 'ReservationOccurrence' });

const fields = {
  id: z.string(),
  kind: z.enum(bookingKinds),
  name: z.string(),
  tenant: z.string().nullable(),
  class: z.enum(jobClasses).nullable(),
  from: TimeText,
  until: TimeText,
  recurrence: z
    .strictObject({
      frequency: z.enum(['daily', 'weekly']),
      interval: z.int(),
      weekdays: z.array(z.enum(weekdays)).optional(),
      until: TimeText.optional(),
      count: z.int().optional(),
    })
    .nullable(),
  parts: z.array(
    z.strictObject({
      pool: z.string(),
      group: z.string(),
      nodes: z.union([z.int(), z.array(z.string()), z.literal('all')]),
    }),
  ),
  giveBackAfterSeconds: z.int().nullable(),
  drain: z.boolean(),
  state: z.enum(['active', 'over', 'cancelled']),
  createdAt: TimeText,
  occurrences: z
    .array(Occurrence)
    .meta({ description: 'Of the last seven days and to come, 60 at most; in lists the current or next one' }),
};
export const ReservationShown = z.strictObject(fields).meta({ id: 'Reservation' });
export type ReservationShown = z.infer<typeof ReservationShown>;
export const ReservationBooked = z
  .strictObject({
    ...fields,
    overrun: z
      .strictObject({ attempts: z.int(), latestEnd: TimeText.nullable() })
      .meta({ description: 'Work on its nodes that may run past its start: it is waited for' }),
  })
  .meta({ id: 'ReservationBooked' });
export type ReservationBooked = z.infer<typeof ReservationBooked>;
export const ReservationPage = pageSchema('ReservationPage', ReservationShown);
