import { z } from 'zod';
import type {
  ZodOpenApiOperationObject,
  ZodOpenApiPathsObject,
  ZodOpenApiResponseObject,
  ZodOpenApiResponsesObject,
} from 'zod-openapi';
import type { ErrorCode } from '../../domain/errors.ts';
import type { Description, JsonBody, Reply } from '../http/operation.ts';
import { requestId } from './headers.ts';
import { problemResponses, RESPONSES_TO_ANY_KEY, SECURED_RESPONSES } from './problems.ts';

const PROBLEMS_OF_A_BODY = [
  'malformed_json',
  'request_timeout',
  'body_too_large',
  'unsupported_media_type',
] as const satisfies ErrorCode[];

export function asPaths(operations: readonly Description[]): ZodOpenApiPathsObject {
  const paths: ZodOpenApiPathsObject = {};
  for (const operation of operations)
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  return paths;
}

function describe(operation: Description): ZodOpenApiOperationObject {
  const { id, tag, summary, description, scope, callbacks } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: scope === null ? [] : [{ apiKey: scope === 'any' ? [] : [scope] }],
    requestParams: asParams(operation),
    ...requestBodyOf(operation),
    ...(callbacks === undefined ? {} : { callbacks }),
    responses: {
      ...withReplies(problemResponses(problemsOf(operation)), operation.replies),
      ...(scope === null ? {} : scope === 'any' ? RESPONSES_TO_ANY_KEY : SECURED_RESPONSES),
    },
  };
}

function problemsOf({ problems = [], scope, body, isExempt }: Description): ErrorCode[] {
  return [
    ...problems,
    // A query parameter that the operation does not have.
    ...(scope === null || problems.includes('invalid_request') ? [] : (['invalid_request'] as const)),
    ...(body === undefined ? [] : PROBLEMS_OF_A_BODY),
    'malformed_http',
    'expectation_failed',
    'headers_too_large',
    'internal',
    ...(isExempt === true ? [] : (['overloaded'] as const)),
  ];
}

/** A status may have a good answer and a problem. The media type tells them apart. */
function withReplies(
  problems: Record<string, ZodOpenApiResponseObject>,
  replies: Description['replies'],
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

function asParams({ path, params = {}, query, headers }: Description) {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  return {
    ...(names.length === 0
      ? {}
      : { path: z.object(Object.fromEntries(names.map((name) => [name, params[name] ?? z.uuid()]))) }),
    ...(query === undefined ? {} : { query }),
    ...(headers === undefined ? {} : { header: headers }),
  };
}

/** JSON, files, or either. */
function requestBodyOf({ body, files = {} }: Description): Pick<ZodOpenApiOperationObject, 'requestBody'> {
  const json = body === undefined || body === 'ignored' ? null : body;
  if (json === null && Object.keys(files).length === 0) return {};
  const content = { ...(json === null ? {} : { 'application/json': asContent(json) }), ...files };
  return { requestBody: { required: json?.optional !== true, content } };
}

function asContent({ schema, examples }: JsonBody) {
  const named = Object.entries(examples).map(([name, value]) => [name, { value }]);
  return { schema, examples: Object.fromEntries(named) as Record<string, { value: unknown }> };
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
