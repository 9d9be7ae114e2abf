import { z } from 'zod';
import type {
  ZodOpenApiCallbacksObject,
  ZodOpenApiOperationObject,
  ZodOpenApiPathsObject,
  ZodOpenApiResponseObject,
  ZodOpenApiResponsesObject,
} from 'zod-openapi';
import type { Scope } from '../../domain/api-key.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import { requestId } from './headers.ts';
import { problemResponses, SECURED_RESPONSES } from './problems.ts';

/** What an API key may do; each operation needs one of them or none. */
export const SCOPES = {
  'assets:read': 'Read assets.',
  'assets:write': 'Submit, cancel and retry assets.',
  'webhooks:manage': 'Everything under /webhooks.',
  'policies:manage': 'Make policies and versions of them.',
  admin: "Manage the tenant's keys; includes the others.",
} as const satisfies Record<Scope, string>;

/** How an operation ends well. */
interface Reply {
  readonly description: string;
  /** What it answers: as `application/json` unless `mediaType` says otherwise. */
  readonly schema?: z.ZodType;
  readonly mediaType?: string;
  /** Besides `X-Request-Id`. */
  readonly headers?: Record<string, z.ZodType>;
  readonly example?: unknown;
  /** Operations that take the answer's `id`. */
  readonly leadsTo?: readonly string[];
}

/** One operation, as this API has them. What all of them have in common is added here, and nowhere else. */
export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** As in OpenAPI: `/assets/{id}`. */
  readonly path: string;
  /** What is in the path, where that is no UUID. */
  readonly params?: Readonly<Record<string, z.ZodType>>;
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Null: without an API key. */
  readonly scope: keyof typeof SCOPES | null;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  /** `ignored`: none is needed, yet one that is sent has to be JSON. */
  readonly body?: Body | 'ignored';
  readonly replies: Readonly<Record<number, Reply>>;
  /** Answered however many requests are under way. */
  readonly isExempt?: true;
  /** Errors beyond those that all operations, and all with a body, have. */
  readonly problems?: readonly ErrorCode[];
  readonly callbacks?: ZodOpenApiCallbacksObject;
}

interface Body {
  readonly schema: z.ZodType;
  readonly optional?: true;
  /** By name; each works as it stands with `make dev`. */
  readonly examples: Readonly<Record<string, unknown>>;
}

const PROBLEMS_OF_A_BODY = [
  'malformed_json',
  'request_timeout',
  'body_too_large',
  'unsupported_media_type',
] as const satisfies ErrorCode[];

export function asPaths(operations: readonly Operation[]): ZodOpenApiPathsObject {
  const paths: ZodOpenApiPathsObject = {};
  for (const operation of operations)
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  return paths;
}

function describe(operation: Operation): ZodOpenApiOperationObject {
  const { id, tag, summary, description, scope, body, callbacks } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: scope === null ? [] : [{ apiKey: [scope] }],
    requestParams: asParams(operation),
    ...(body === undefined || body === 'ignored' ? {} : { requestBody: asRequestBody(body) }),
    ...(callbacks === undefined ? {} : { callbacks }),
    responses: {
      ...withReplies(problemResponses(problemsOf(operation)), operation.replies),
      ...(scope === null ? {} : SECURED_RESPONSES),
    },
  };
}

function problemsOf({ problems = [], body, isExempt }: Operation): ErrorCode[] {
  return [
    ...problems,
    ...(body === undefined ? [] : PROBLEMS_OF_A_BODY),
    'headers_too_large',
    'internal',
    ...(isExempt === true ? [] : (['overloaded'] as const)),
  ];
}

/** A status may stand for both: the media type tells them apart. */
function withReplies(
  problems: Record<string, ZodOpenApiResponseObject>,
  replies: Operation['replies'],
): ZodOpenApiResponsesObject {
  const responses = { ...problems };
  for (const [status, reply] of Object.entries(replies)) {
    const problem = responses[status];
    const response = asResponse(reply);
    responses[status] =
      problem === undefined
        ? response
        : {
            ...response,
            description: `${response.description} ${problem.description}`,
            content: { ...response.content, ...problem.content },
          };
  }
  return responses;
}

function asParams({ path, params = {}, query, headers }: Operation) {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  return {
    ...(names.length === 0
      ? {}
      : { path: z.object(Object.fromEntries(names.map((name) => [name, params[name] ?? z.uuid()]))) }),
    ...(query === undefined ? {} : { query }),
    ...(headers === undefined ? {} : { header: headers }),
  };
}

function asRequestBody({ schema, optional, examples }: Body) {
  const named = Object.entries(examples).map(([name, value]) => [name, { value }]);
  return {
    required: optional !== true,
    content: {
      'application/json': {
        schema,
        examples: Object.fromEntries(named) as Record<string, { value: unknown }>,
      },
    },
  };
}

function asResponse(reply: Reply): ZodOpenApiResponseObject {
  const { description, schema, mediaType = 'application/json', headers, example, leadsTo } = reply;
  const links = leadsTo?.map((operationId) => [
    operationId,
    { operationId, parameters: { id: '$response.body#/id' } },
  ]);
  return {
    description,
    headers: z.object({ 'X-Request-Id': requestId, ...headers }),
    ...(schema === undefined
      ? {}
      : { content: { [mediaType]: { schema, ...(example === undefined ? {} : { example }) } } }),
    ...(links === undefined
      ? {}
      : { links: Object.fromEntries(links) as Record<string, { operationId: string }> }),
  };
}
