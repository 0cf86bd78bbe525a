import { z } from 'zod';

/** Pieces that the sections of a seed file share. Whether a number has its source is checked by seed-provenance.ts. */
const provenance = { source: z.string().optional(), assumption: z.string().optional() };

/** A mapping whose numbers have one source or assumption. */
export const sourced = <S extends z.ZodRawShape>(shape: S) => z.strictObject({ ...shape, ...provenance });

export const id = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'is no id: lower-case letters, digits and dashes');
export const name = z.strictObject({ zh: z.string().min(1), en: z.string().min(1) });
export const date = z.string().regex(/^\d{4}-\d\d-\d\d$/, 'is no date: write YYYY-MM-DD');
export const share = z.number().min(0).max(1);
export const count = z.int().nonnegative();
export const amount = z.number().nonnegative();

export const figure = sourced({ value: amount });
export const wholeFigure = sourced({ value: count });
export const shareFigure = sourced({ value: share });
export const namedFigure = sourced({ id, name, value: z.number(), unit: z.string().min(1) });
export const series = (length: number) => sourced({ values: z.array(amount).length(length) });
export const hourTable = sourced({ values: z.array(z.array(amount).length(24)).length(12) });
export const modelledTotals = sourced({
  fp16Pflops: amount,
  fp64Pflops: amount.optional(),
  peakItKw: amount,
  accelerators: count,
});
export const location = sourced({
  latitudeDegrees: z.number().min(-90).max(90),
  longitudeDegrees: z.number().min(-180).max(180),
});
