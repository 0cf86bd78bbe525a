import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { Problem } from '../problems/problem.js';
import { fieldFaults, inBody, inQuery } from './field-faults.js';
import { readJson } from './read-json.js';

export const NOT_OFFERED = 'is not offered in this version';

/** A field that later versions will have: refused by name instead of ignored. */
export const notOffered = () =>
  z.never({ error: NOT_OFFERED }).optional().meta({ description: 'Not offered in this version: answered with 422.' });

/**
 * Checks bodies and queries against the schema given to `@Body({ schema })` or `@Query({ schema })`. The body arrives as text: it
 * is read here, after the guard, so that nobody's JSON is parsed before they are known.
 */
export class RequestPipe implements PipeTransform {
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    const schema = 'schema' in metadata ? metadata.schema : undefined;
    if (!(schema instanceof z.ZodType)) return value;
    if (metadata.type === 'body') return checkedBody(value, schema);
    const result = schema.safeParse({ ...(value as object) });
    if (result.success) return result.data;
    throw new Problem('query-invalid', 'The query has faults; see errors.', {
      errors: fieldFaults(schema, result.error.issues, inQuery),
    });
  }
}

function checkedBody(raw: unknown, schema: z.ZodType): unknown {
  if (typeof raw !== 'string') throw new Problem('body-missing', 'This route needs a JSON object as its body.');
  const result = schema.safeParse(readJson(raw));
  if (result.success) return result.data;
  const errors = fieldFaults(schema, result.error.issues, inBody);
  const all = errors.every((fault) => fault.detail.includes(NOT_OFFERED));
  const count = errors.length === 1 ? '1 field has a fault' : `${errors.length} fields have faults`;
  throw new Problem(
    all ? 'not-offered' : 'request-invalid',
    `${count}: ${errors[0]?.pointer ?? '#'} ${errors[0]?.detail ?? ''}`,
    {
      errors,
    },
  );
}
