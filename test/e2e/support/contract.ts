import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Response } from 'supertest';

type Json = Record<string, unknown>;
type Operation = {
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: Json }> }>;
};

/** Holds answers against the published contract: the status is documented, the media type too, and the body is what it says, no field more. */
export class Contract {
  private readonly ajv: Ajv2020;
  private readonly compiled = new Map<string, ValidateFunction>();
  readonly seen = new Set<string>();

  constructor(readonly document: OpenAPIObject) {
    this.ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(this.ajv);
    // The contract leaves answers open for additions; a test of this version does not.
    this.ajv.addSchema({ $id: 'contract', ...(closed(document) as Json) });
  }

  get operations(): readonly string[] {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
  }

  /** Throws with all that is wrong with the answer. */
  check(operation: string, answer: Response): void {
    this.seen.add(operation);
    const [method = '', path = ''] = operation.split(' ');
    const item = this.document.paths[path] as unknown as Record<string, Operation> | undefined;
    const response = item?.[method.toLowerCase()]?.responses[String(answer.status)];
    if (!response)
      throw new Error(`${operation} answered ${answer.status}, which the contract does not have: ${answer.text}`);
    const mediaType = String(answer.headers['content-type'] ?? '').split(';', 1)[0] ?? '';
    if (!response.content?.[mediaType]) {
      throw new Error(`${operation} answered ${answer.status} as ${mediaType}, which the contract does not have`);
    }
    if (!mediaType.endsWith('json')) return;
    const pointer = [
      'paths',
      path,
      method.toLowerCase(),
      'responses',
      String(answer.status),
      'content',
      mediaType,
      'schema',
    ];
    const validate = this.validatorAt(
      pointer.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/'),
    );
    if (!validate(JSON.parse(answer.text))) {
      throw new Error(
        `${operation} ${answer.status} is not what the contract says: ${JSON.stringify(validate.errors?.slice(0, 5))}\n${answer.text.slice(0, 2000)}`,
      );
    }
  }

  private validatorAt(pointer: string): ValidateFunction {
    const known = this.compiled.get(pointer) ?? this.ajv.compile({ $ref: `contract#/${pointer}` });
    this.compiled.set(pointer, known);
    return known;
  }
}

/** Objects with named properties take no others, unless they say what others they take. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, child]) => [key, closed(child)] as const);
  const shape = Object.fromEntries(entries);
  const isSchema = shape['type'] === 'object' && typeof shape['properties'] === 'object';
  return isSchema && !('additionalProperties' in shape) ? { ...shape, additionalProperties: false } : shape;
}
