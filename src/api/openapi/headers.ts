import { z } from 'zod';
import { idempotencyKeyHeader, MAX_WAIT_S } from '../http/preferences.ts';

/** Headers of answers. Each is a component of its own. */
export const header = (name: string, schema: z.ZodType<string>, description: string, example: string) =>
  schema.meta({ description, header: { id: name, example } });

export const requestId = header(
  'X-Request-Id',
  z.string(),
  "The caller's own `X-Request-Id` if it has 1 to 128 letters, digits or `_.:-`, else a new one. The logs show it.",
  '01a20d6b-029b-70ce-a38e-65984ddd12d0',
);
export const location = header(
  'Location',
  z.string(),
  'The path of the resource.',
  '/assets/01a20d6b-029b-70ce-a38e-65984ddd12d0',
);
export const link = header(
  'Link',
  z.string(),
  'RFC 8288: the next page. The last page has no `Link`.',
  '</assets?limit=50&cursor=01a20d6b-029b-70ce-a38e-65984ddd12d0>; rel="next"',
);
export const preferenceApplied = header(
  'Preference-Applied',
  z.string(),
  'RFC 7240: the preferences that this answer follows.',
  'handling=strict, wait=10',
);
export const etag = header(
  'ETag',
  z.string(),
  'RFC 9110: send it as `If-None-Match`. If nothing has changed, the answer is 304.',
  'W/"1c-uo0aGJr9B9qJpPrgEBqOwbLLGPs"',
);
export const retryAfter = header(
  'Retry-After',
  z.string().regex(/^\d+$/),
  'Try again after this many seconds.',
  '2',
);
export const wwwAuthenticate = header(
  'WWW-Authenticate',
  z.string(),
  'RFC 6750: what is wrong with the key.',
  'Bearer realm="validatr"',
);
export const rateLimit = header(
  'RateLimit',
  z.string(),
  'What is left of each limit (`r`), and the seconds until it is reset (`t`).',
  '"requests";r=29999;t=60, "bytes";r=268435456;t=60',
);
export const rateLimitPolicy = header(
  'RateLimit-Policy',
  z.string(),
  'The limits of a key (`q`) in a window of seconds (`w`): requests, and bytes of request bodies.',
  '"requests";q=30000;w=60, "bytes";q=268435456;w=60;qu="content-bytes"',
);

/** Headers of requests. */
export const submissionHeaders = z.object({
  'Idempotency-Key': idempotencyKeyHeader.optional().meta({
    description:
      'Makes the request safe to repeat: for 24 h the same key and the same body get the first answer again.',
  }),
  Prefer: z
    .string()
    .optional()
    .meta({
      description:
        `RFC 7240. \`wait=N\` waits up to N seconds (at most ${MAX_WAIT_S}) for the verdict. \`handling=strict\` refuses these at ` +
        'once, with 422: invalid webhook URLs, addresses that webhooks may not reach, and paths that are not reachable.',
    }),
});

export const conditionalHeaders = z.object({
  'If-None-Match': z.string().optional().meta({ description: 'The `ETag` of an earlier answer.' }),
});

/** Every event has these (Standard Webhooks 1.0). */
export const eventHeaders = z.object({
  'webhook-id': z.uuid().meta({
    description: 'The same on every try and replay of one event. Ignore an event whose id you have seen.',
  }),
  'webhook-timestamp': z
    .string()
    .regex(/^\d+$/)
    .meta({ description: 'The time of this try, in Unix seconds.' }),
  'webhook-signature': z.string().meta({
    description:
      '`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`. While a secret is rotated there are several, separated by a space.',
    examples: ['v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='],
  }),
});
