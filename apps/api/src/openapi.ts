import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { ProblemDocument, toOpenApi } from '#libs/http';
import type { z } from 'zod';
import { JobEvents } from './jobs/job-views.js';

const description = [
  '城市与省域算力统一调度：排队、放置、核算能耗与碳排。',
  'Compute of a city and its province as pools with capacity and energy data: quotes, jobs, and what they used.',
  'Times are RFC 3339 on the service clock (`GET /v1/clock`). Problems are RFC 9457; each `type` is a page under `/problems`.',
].join('\n\n');

/** The contract, made from the controllers and the schemas they check with. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('楚算 Chusuan')
    .setDescription(description)
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key' }, 'key')
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    standardSchemaConverter: toOpenApi,
    autoTagControllers: false,
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '').toLowerCase()}-${method}`,
  });
  const schemas = Object.assign({}, document.components?.schemas, ...alsoReferred.map(componentsOf));
  return { ...document, components: { ...document.components, schemas } };
}

/** Schemas that answers refer to by name only. */
const alsoReferred: readonly z.ZodType[] = [ProblemDocument, JobEvents];
const componentsOf = (schema: z.ZodType) => toOpenApi(schema, { schemaType: 'output' })?.components;

/** /openapi.json, and under /docs/ui the files of Swagger UI that the page at /docs is made of: nothing is fetched from elsewhere. */
export function serveDocumentation(app: NestFastifyApplication, document: OpenAPIObject): void {
  SwaggerModule.setup('docs/ui', app, document, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: '楚算 Chusuan API',
    swaggerOptions: { docExpansion: 'list', persistAuthorization: false, validatorUrl: 'none' },
  });
}
