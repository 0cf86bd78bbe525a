import type { OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';

type JsonSchema = Record<string, unknown>;
type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

/**
 * Zod schemas as OpenAPI 3.1 has them: JSON Schema 2020-12, named ones as components. Request schemas are closed, as they are
 * checked; response schemas are left open, because `/v1` changes by addition and a client must not trip over a new field.
 */
export function toOpenApi(
  schema: unknown,
  { schemaType }: { readonly schemaType: 'input' | 'output' },
): { schema: unknown; components: Schemas } | undefined {
  if (!(schema instanceof z.ZodType)) return undefined;
  const io = schemaType === 'output' ? ('output' as const) : ('input' as const);
  const document = withComponentRefs(
    z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' }),
  ) as JsonSchema;
  const {
    $defs: definitions = {},
    $schema: _dialect,
    ...own
  } = document as JsonSchema & { $defs?: Record<string, JsonSchema> };
  const shaped = io === 'output' ? opened : (it: unknown) => it;
  const components = Object.fromEntries(
    Object.entries(definitions).map(([name, part]) => [name, shaped(withoutId(part))]),
  );
  const id = own['id'];
  if (typeof id !== 'string') return { schema: shaped(own), components: components as Schemas };
  return {
    schema: { $ref: `#/components/schemas/${id}` },
    components: { ...components, [id]: shaped(withoutId(own)) } as Schemas,
  };
}

function withoutId({ id: _id, ...rest }: JsonSchema): JsonSchema {
  return rest;
}

function opened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(opened);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key, child]) => key !== 'additionalProperties' || child !== false);
  return Object.fromEntries(entries.map(([key, child]) => [key, opened(child)]));
}

function withComponentRefs(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withComponentRefs);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, child]) => {
    const moved =
      key === '$ref' && typeof child === 'string' ? child.replace('#/$defs/', '#/components/schemas/') : child;
    return [key, withComponentRefs(moved)];
  });
  return Object.fromEntries(entries);
}
