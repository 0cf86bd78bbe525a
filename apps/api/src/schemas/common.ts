import { z } from 'zod';

/** Names of queries and bodies that stand for the ids of the catalogue. */
const slug = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
/** What cannot be an id is an id of nothing: no need to ask the database. */
export const isSlug = (text: string): boolean => slug.test(text);
export const Slug = z.string().regex(slug, { error: 'is not an id (letters, digits, dot, dash, underscore)' });

/** Control characters have no place in a line of a table; line and paragraph separators break it too. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
export const printableText = /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/;

/** RFC 3339 with an offset or Z; seconds are part of it. */
export const TimeText = z.iso
  .datetime({ offset: true, error: 'is not an RFC 3339 time with an offset, such as 2026-11-22T08:00:00+08:00' })
  .meta({
    description: 'RFC 3339 time on the service clock, with offset',
  });
export const Text = z.strictObject({ zh: z.string(), en: z.string() }).meta({ id: 'Text' });

/** A number and where it comes from. */
export const FigureShown = z
  .strictObject({
    value: z.number(),
    source: z.strictObject({ id: z.string(), text: Text }).optional(),
    assumption: z.strictObject({ id: z.string(), text: Text }).optional(),
  })
  .meta({ id: 'Figure', description: 'A figure with its source, or with the assumption it rests on' });
export const Figures = z.record(z.string(), FigureShown);
export const CitationShown = z.strictObject({ id: z.string(), text: Text }).meta({ id: 'Assumption' });

export const NodeShapeShown = z
  .strictObject({ cards: z.int(), cores: z.int(), memoryGiB: z.int() })
  .meta({ id: 'NodeShape' });

export const GramsCo2 = z
  .strictObject({ location: z.number(), market: z.number() })
  .meta({ id: 'GramsCo2', description: 'Grams CO2e, location-based and market-based; never added' });

/** Yuan as a decimal string, to the micro-yuan. */
export const Yuan = z.string().regex(/^-?\d+(\.\d{1,6})?$/);

export const limitField = z.coerce.number().int().min(1).max(200).default(50);
export const cursorField = z.string().max(500).optional();

export const pageSchema = <T extends z.ZodType>(id: string, item: T) =>
  z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() }).meta({ id });
