import { createDocument, type ZodOpenApiOverride } from 'zod-openapi';
import packageJson from '../../../package.json' with { type: 'json' };
import type { Scope } from '../../domain/api-key.ts';
import { OPERATIONS } from '../operations.ts';
import { WEBHOOKS } from '../webhooks/events.ts';
import { asPaths } from './paths.ts';

export type OpenApiDocument = ReturnType<typeof createDocument>;

/** What an API key may be allowed. */
const SCOPES: Readonly<Record<Scope, string>> = {
  'assets:read': 'Read assets.',
  'assets:write': 'Submit, cancel and retry assets.',
  'webhooks:manage': 'Everything under /webhooks.',
  'policies:manage': 'Make policies and versions of them.',
  admin: "Manage the tenant's keys; includes the others.",
};

/** OpenAPI 3.1, from the schemas that requests are parsed with and answers are typed by. */
export function createOpenApiDocument(): OpenApiDocument {
  return createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: 'Validatr',
        version: packageJson.version,
        summary: packageJson.description,
        description:
          'JSON in and out. Every path works with and without a final slash, every error is `application/problem+json`, and ' +
          'every answer has an `X-Request-Id`. More fields and values may be added to answers at any time: ignore what you do not know.',
        license: { name: packageJson.license, identifier: packageJson.license },
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'assets', description: 'Submit images and read their verdicts.' },
        { name: 'policies', description: 'The rules that images are held against.' },
        { name: 'webhooks', description: 'What was sent to your webhooks; sending it again.' },
        { name: 'events', description: 'What your webhooks receive, signed as Standard Webhooks 1.0 says.' },
        { name: 'keys', description: "The API keys of the caller's tenant." },
        { name: 'service', description: 'Health, documentation, an echo. No API key is needed.' },
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
  return Object.entries(SCOPES)
    .map(([scope, text]) => `\`${scope}\`: ${text}`)
    .join(' ');
}

/** Where zod says less, or more, than is meant. */
const simplify: ZodOpenApiOverride = ({ jsonSchema, zodSchema, io }) => {
  const { type } = zodSchema._zod.def;
  // Answers are written by JSON.stringify.
  if (type === 'date') Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
  // Fields may be added to answers; what an answer has of a format is for its reader to parse.
  if (io === 'output') {
    if (type === 'object') delete jsonSchema.additionalProperties;
    if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
  }
  if (type === 'record') delete jsonSchema.propertyNames;
  // Bounds of the language, not of the value.
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
};
