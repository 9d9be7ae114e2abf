interface ErrorKind {
  readonly status: number;
  /** Whether trying again can help. */
  readonly retryable: boolean;
  /** How soon a client may try again, in seconds: the answer's `Retry-After`. */
  readonly retryAfterS?: number;
  readonly title: string;
}

/**
 * Every error of ours, one line each: HTTP status, whether trying again can help, and the sentence people read.
 * `api/problem.ts` renders them for HTTP, `activities/failure.ts` for Temporal; `docs/errors.md` explains each.
 */
export const ERRORS = {
  malformed_json: { status: 400, retryable: false, title: 'The body is not valid JSON.' },
  unauthenticated: { status: 401, retryable: false, title: 'An API key is needed.' },
  key_not_valid: {
    status: 401,
    retryable: false,
    title: 'The API key is not valid: unknown, expired or revoked.',
  },
  scope_missing: { status: 403, retryable: false, title: 'The API key may not do this.' },
  malformed_http: { status: 400, retryable: false, title: 'This is no HTTP request that can be read.' },
  not_found: { status: 404, retryable: false, title: 'There is nothing here.' },
  asset_not_found: { status: 404, retryable: false, title: 'There is no such asset.' },
  delivery_not_found: { status: 404, retryable: false, title: 'There is no such delivery.' },
  endpoint_not_found: { status: 404, retryable: false, title: 'There is no such endpoint.' },
  policy_not_found: { status: 404, retryable: false, title: 'There is no such policy.' },
  key_not_found: { status: 404, retryable: false, title: 'There is no such API key.' },
  method_not_allowed: { status: 405, retryable: false, title: 'This path does not support the method.' },
  request_timeout: {
    status: 408,
    retryable: true,
    retryAfterS: 1,
    title: 'The request did not arrive in time.',
  },
  asset_terminal: {
    status: 409,
    retryable: false,
    title: 'The asset has already reached its terminal state.',
  },
  asset_not_terminal: {
    status: 409,
    retryable: false,
    title: 'The asset has not reached a terminal state yet.',
  },
  delivery_skipped: {
    status: 409,
    retryable: false,
    title: 'The delivery was skipped, for its URL can not be called.',
  },
  endpoint_disabled: { status: 409, retryable: false, title: 'The endpoint is disabled.' },
  policy_reserved: {
    status: 409,
    retryable: false,
    title: 'This policy can not be changed: it is built in.',
  },
  too_many_policies: {
    status: 409,
    retryable: false,
    title: 'The tenant has 1,000 versions of policies already.',
  },
  key_not_active: { status: 409, retryable: false, title: 'The API key has ended, or was rotated before.' },
  too_many_keys: { status: 409, retryable: false, title: 'The tenant has 1,000 live API keys already.' },
  body_too_large: { status: 413, retryable: false, title: 'The body is larger than 1 MiB.' },
  unsupported_media_type: {
    status: 415,
    retryable: false,
    title: 'The body must be application/json in UTF-8.',
  },
  idempotency_key_reused: {
    status: 422,
    retryable: false,
    title: 'The Idempotency-Key came with another request before.',
  },
  invalid_request: { status: 422, retryable: false, title: 'The request does not have the expected shape.' },
  rate_limited: {
    status: 429,
    retryable: true,
    retryAfterS: 60,
    title: 'The limit of this minute is used up.',
  },
  too_many_at_once: {
    status: 429,
    retryable: true,
    retryAfterS: 1,
    title: 'Too many requests of this API key are under way.',
  },
  headers_too_large: { status: 431, retryable: false, title: 'The URL or the headers are too large.' },
  internal: { status: 500, retryable: true, title: 'Something went wrong on our side.' },
  database_unavailable: {
    status: 503,
    retryable: true,
    retryAfterS: 2,
    title: 'The database does not answer.',
  },
  temporal_unavailable: {
    status: 503,
    retryable: true,
    retryAfterS: 2,
    title: 'Temporal does not answer.',
  },
  draining: { status: 503, retryable: true, retryAfterS: 2, title: 'This process is shutting down.' },
  overloaded: {
    status: 503,
    retryable: true,
    retryAfterS: 1,
    title: 'Too many requests are under way in this process.',
  },
  backlog_full: {
    status: 503,
    retryable: true,
    retryAfterS: 30,
    title: 'Too many assets wait for their validation to start.',
  },
  storage_unavailable: {
    status: 503,
    retryable: true,
    retryAfterS: 2,
    title: 'The storage of the asset does not answer.',
  },
  decoder_unavailable: {
    status: 503,
    retryable: true,
    retryAfterS: 2,
    title: 'No process to decode images with can be started.',
  },
  storage_full: {
    status: 507,
    retryable: true,
    retryAfterS: 60,
    title: 'The disk of the database is full.',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** One fault of one field: `pointer` is a JSON pointer (RFC 6901) into the request body. */
export interface FieldFault {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

/** `detail` reaches clients, logs and workflow histories: it never holds a secret. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly faults: readonly FieldFault[];
  readonly retryAfterS: number | undefined;

  /** `retryAfterS` in place of the kind's own. */
  constructor(
    code: ErrorCode,
    options: {
      detail?: string;
      cause?: unknown;
      faults?: readonly FieldFault[];
      retryAfterS?: number;
    } = {},
  ) {
    super(
      options.detail ?? ERRORS[code].title,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.faults = options.faults ?? [];
    const kind: ErrorKind = ERRORS[code];
    this.retryAfterS = options.retryAfterS ?? kind.retryAfterS;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}
