import { createDocument, type ZodOpenApiOverride } from 'zod-openapi';
import packageJson from '../../../package.json' with { type: 'json' };
import { SCOPE_WORDS } from '../../domain/api-key.ts';
import { OPERATIONS } from '../operations.ts';
import { WEBHOOKS } from '../webhooks/events.ts';
import { asPaths } from './paths.ts';

export type OpenApiDocument = ReturnType<typeof createDocument>;

/** OpenAPI 3.1. Requests are parsed with the same schemas, and answers are typed by them. */
export function createOpenApiDocument(): OpenApiDocument {
  return createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: 'Validatr',
        version: packageJson.version,
        summary: packageJson.description,
        description:
          'The API takes and gives JSON. Every path works with and without its final slash. Every error is `application/problem+json`. ' +
          'Every answer has an `X-Request-Id`. Answers may get more fields and values at any time: ignore those you do not know.',
        license: { name: packageJson.license, identifier: packageJson.license },
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'assets', description: 'Submit images and read their verdicts.' },
        { name: 'uploads', description: 'Upload large files in parts, by tus 1.0.' },
        { name: 'policies', description: 'The rules that images are held against.' },
        { name: 'webhooks', description: 'Read what was sent to your webhooks, and send it again.' },
        {
          name: 'events',
          description: 'The requests that your webhooks receive, signed by Standard Webhooks 1.0.',
        },
        { name: 'keys', description: "The API keys of the caller's tenant." },
        { name: 'service', description: 'Health, documentation and an echo. They need no API key.' },
      ],
      paths: asPaths(OPERATIONS),
      webhooks: WEBHOOKS,
      components: {
        securitySchemes: {
          apiKey: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'vk_…',
            description: `An API key with the scope that the operation names. ${describeScopes()}`,
          },
        },
      },
    },
    { override: simplify },
  );
}

function describeScopes(): string {
  return Object.entries(SCOPE_WORDS)
    .map(([scope, words]) => `\`${scope}\`: ${words}.`)
    .join(' ');
}

/** Corrects the places where zod's JSON schema says less or more than we mean. */
const simplify: ZodOpenApiOverride = ({ jsonSchema, zodSchema, io }) => {
  const { type } = zodSchema._zod.def;
  // Answers are written by JSON.stringify.
  if (type === 'date') Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
  // Answers may get more fields. A format is enough for readers, so its pattern goes.
  if (io === 'output') {
    if (type === 'object') delete jsonSchema.additionalProperties;
    if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
  }
  if (type === 'record') delete jsonSchema.propertyNames;
  // These are bounds of JavaScript, not of the value.
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
};
