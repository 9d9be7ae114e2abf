import { z } from 'zod';
import { idempotencyKeyHeader, MAX_WAIT_S } from '../http/preferences.ts';

/** Headers of answers; each is a component of its own. */
const header = (name: string, schema: z.ZodType<string>, description: string, example: string) =>
  schema.meta({ description, header: { id: name, example } });

export const requestId = header(
  'X-Request-Id',
  z.string(),
  "The caller's own `X-Request-Id`, if it has 1 to 128 letters, digits or `_.:-`; else a new one. It stands in the logs.",
  '01a20d6b-029b-70ce-a38e-65984ddd12d0',
);
export const location = header(
  'Location',
  z.string(),
  'Where to read what was made.',
  '/assets/01a20d6b-029b-70ce-a38e-65984ddd12d0',
);
export const link = header(
  'Link',
  z.string(),
  'RFC 8288: where the next page is; absent on the last one.',
  '</assets?limit=50&cursor=01a20d6b-029b-70ce-a38e-65984ddd12d0>; rel="next"',
);
export const preferenceApplied = header(
  'Preference-Applied',
  z.string(),
  'RFC 7240: the preferences that were followed.',
  'handling=strict, wait=10',
);
export const etag = header(
  'ETag',
  z.string(),
  'RFC 9110: give it as If-None-Match, and what has not changed is 304.',
  'W/"1c-uo0aGJr9B9qJpPrgEBqOwbLLGPs"',
);
export const retryAfter = header(
  'Retry-After',
  z.string().regex(/^\d+$/),
  'Seconds after which to try again.',
  '2',
);
export const wwwAuthenticate = header(
  'WWW-Authenticate',
  z.string(),
  'RFC 6750: what was wrong with the key.',
  'Bearer realm="validatr"',
);
export const rateLimit = header(
  'RateLimit',
  z.string(),
  'What is left of each limit, and the seconds until it is whole again.',
  '"requests";r=29999;t=60, "bytes";r=268435456;t=60',
);
export const rateLimitPolicy = header(
  'RateLimit-Policy',
  z.string(),
  'The limits of a key: requests, and bytes of their bodies, in so many seconds.',
  '"requests";q=30000;w=60, "bytes";q=268435456;w=60;qu="content-bytes"',
);

/** Headers of requests. */
export const submissionHeaders = z.object({
  'Idempotency-Key': idempotencyKeyHeader.optional().meta({
    description:
      'Makes the request safe to repeat: for 24 h the same key with the same body gets the first answer again.',
  }),
  Prefer: z
    .string()
    .optional()
    .meta({
      description:
        `RFC 7240. \`wait=N\` holds the answer for the verdict, N seconds (${MAX_WAIT_S} at most). \`handling=strict\` refuses at ` +
        'once, with 422, invalid webhook URLs, addresses that webhooks may not reach, and paths that are not reachable.',
    }),
});

export const conditionalHeaders = z.object({
  'If-None-Match': z.string().optional().meta({ description: 'An ETag that is known already.' }),
});

/** Of every event (Standard Webhooks 1.0). */
export const eventHeaders = z.object({
  'webhook-id': z
    .uuid()
    .meta({ description: 'The same on every try and replay of one event: drop what you have seen.' }),
  'webhook-timestamp': z.string().regex(/^\d+$/).meta({ description: 'Unix seconds of this try.' }),
  'webhook-signature': z.string().meta({
    description:
      '`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`; several, separated by a space, while a secret is rotated.',
    examples: ['v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='],
  }),
});
