import { z } from 'zod';
import type { ZodOpenApiResponseObject } from 'zod-openapi';
import { AppError, ERRORS, type ErrorCode } from '../../domain/errors.ts';
import { PROBLEM_TYPE, problem, problemType } from '../http/problem.ts';
import { rateLimit, rateLimitPolicy, requestId, retryAfter, wwwAuthenticate } from './headers.ts';

const EXAMPLE_REQUEST_ID = '01a20d6b-029b-70ce-a38e-65984ddd12d0';

/** The answers of an operation that fails with one of the codes: one response for each status, one example for each code. */
export function problemResponses(codes: readonly ErrorCode[]): Record<string, ZodOpenApiResponseObject> {
  const statuses = Map.groupBy([...new Set(codes)], (code) => ERRORS[code].status);
  return Object.fromEntries(
    [...statuses].map(([status, sameStatus]) => {
      const [first = 'internal'] = sameStatus;
      return [String(status), sameStatus.length === 1 ? OF_ONE_CODE[first] : ofCodes(sameStatus)];
    }),
  );
}

/** Problems of every operation with a key: no key, too many requests. */
export const RESPONSES_TO_ANY_KEY: Record<string, ZodOpenApiResponseObject> = {
  401: {
    id: 'Unauthorized',
    ...ofCodes(['unauthenticated', 'key_not_valid'], { 'WWW-Authenticate': wwwAuthenticate }),
  },
  429: {
    id: 'TooManyRequests',
    ...ofCodes(['rate_limited', 'too_many_at_once'], {
      RateLimit: rateLimit,
      'RateLimit-Policy': rateLimitPolicy,
    }),
  },
};

/** The same, and a key without the scope. */
export const SECURED_RESPONSES: Record<string, ZodOpenApiResponseObject> = {
  ...RESPONSES_TO_ANY_KEY,
  403: { id: 'Forbidden', ...ofCodes(['scope_missing'], { 'WWW-Authenticate': wwwAuthenticate }) },
};

/** Each response is a component of its own. */
const OF_ONE_CODE = Object.fromEntries(
  (Object.keys(ERRORS) as ErrorCode[]).map((code) => [code, { ...ofCodes([code]), id: componentName(code) }]),
) as Record<ErrorCode, ZodOpenApiResponseObject>;

function ofCodes(
  codes: readonly ErrorCode[],
  more: Record<string, z.ZodType> = {},
): ZodOpenApiResponseObject {
  // A status promises Retry-After only if every code of it has one.
  const retries = codes.every((code) => new AppError(code).retryAfterS !== undefined);
  return {
    description: codes.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join(' '),
    headers: z.object({
      'X-Request-Id': requestId,
      ...(retries ? { 'Retry-After': retryAfter } : {}),
      ...more,
    }),
    content: {
      [PROBLEM_TYPE]: {
        schema: problem,
        examples: Object.fromEntries(codes.map((code) => [code, { value: exampleOf(code) }])),
      },
    },
  };
}

function exampleOf(code: ErrorCode): z.input<typeof problem> {
  const { title, status } = ERRORS[code];
  return { type: problemType(code), title, status, detail: title, requestId: EXAMPLE_REQUEST_ID };
}

function componentName(code: ErrorCode): string {
  return code.replaceAll(/(?:^|_)([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
