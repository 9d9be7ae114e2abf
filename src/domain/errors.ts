interface ErrorKind {
  readonly status: number;
  /** Whether trying again can help. */
  readonly retryable: boolean;
  /** Seconds until a client may try again: the `Retry-After` of the answer. */
  readonly retryAfterS?: number;
  readonly title: string;
}

/**
 * All errors of the application: HTTP status, whether trying again can help, and the sentence that people read.
 * `api/http/problem.ts` renders them for HTTP, `activities/failure.ts` for Temporal. `docs/errors.md` explains each.
 */
export const ERRORS = {
  malformed_json: { status: 400, retryable: false, title: 'The body is not valid JSON.' },
  unauthenticated: { status: 401, retryable: false, title: 'This request needs an API key.' },
  key_not_valid: {
    status: 401,
    retryable: false,
    title: 'The API key is not valid: unknown, expired or revoked.',
  },
  scope_missing: { status: 403, retryable: false, title: 'The API key does not have the scope for this.' },
  malformed_upload: {
    status: 400,
    retryable: false,
    title: 'The upload broke off, or it is not what its headers say.',
  },
  malformed_http: { status: 400, retryable: false, title: 'The server cannot read this as an HTTP request.' },
  not_found: { status: 404, retryable: false, title: 'There is nothing at this path.' },
  asset_not_found: { status: 404, retryable: false, title: 'There is no such asset.' },
  delivery_not_found: { status: 404, retryable: false, title: 'There is no such delivery.' },
  endpoint_not_found: { status: 404, retryable: false, title: 'There is no such endpoint.' },
  policy_not_found: { status: 404, retryable: false, title: 'There is no such policy.' },
  key_not_found: { status: 404, retryable: false, title: 'There is no such API key.' },
  upload_not_found: { status: 404, retryable: false, title: 'There is no such upload.' },
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
  upload_offset_conflict: {
    status: 409,
    retryable: false,
    title: 'The part does not begin where the upload ends.',
  },
  upload_taken_over: { status: 409, retryable: false, title: 'Another request goes on with this upload.' },
  upload_in_use: {
    status: 409,
    retryable: false,
    title: 'An asset without a verdict needs this upload.',
  },
  delivery_skipped: {
    status: 409,
    retryable: false,
    title: 'The delivery was skipped because its URL is not valid.',
  },
  endpoint_disabled: { status: 409, retryable: false, title: 'The endpoint is disabled.' },
  policy_reserved: {
    status: 409,
    retryable: false,
    title: 'This policy is built in and cannot be changed.',
  },
  too_many_policies: {
    status: 409,
    retryable: false,
    title: 'The tenant already has 1,000 policy versions.',
  },
  key_not_active: {
    status: 409,
    retryable: false,
    title: 'The API key is no longer active, or it was already rotated.',
  },
  too_many_keys: { status: 409, retryable: false, title: 'The tenant already has 1,000 active API keys.' },
  tus_version_unsupported: {
    status: 412,
    retryable: false,
    title: 'Uploads in parts need the header Tus-Resumable: 1.0.0.',
  },
  body_too_large: { status: 413, retryable: false, title: 'The body is larger than 1 MiB.' },
  upload_too_large: { status: 413, retryable: false, title: 'The upload is too large.' },
  unsupported_media_type: {
    status: 415,
    retryable: false,
    title: 'The body must be application/json in UTF-8.',
  },
  expectation_failed: {
    status: 417,
    retryable: false,
    title: 'The server does not know the expectation in the header Expect.',
  },
  idempotency_key_reused: {
    status: 422,
    retryable: false,
    title: 'This Idempotency-Key was already used for a different request.',
  },
  invalid_request: { status: 422, retryable: false, title: 'The request does not have the expected shape.' },
  replay_too_soon: {
    status: 429,
    retryable: true,
    retryAfterS: 30,
    title: 'The delivery was replayed a moment ago and is still pending.',
  },
  rate_limited: {
    status: 429,
    retryable: true,
    retryAfterS: 60,
    title: 'The API key has used up its limit for this minute.',
  },
  too_many_at_once: {
    status: 429,
    retryable: true,
    retryAfterS: 1,
    title: 'Too many requests of this API key are in progress.',
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
    title: 'Too many requests are in progress in this process.',
  },
  backlog_full: {
    status: 503,
    retryable: true,
    retryAfterS: 30,
    title: 'Too many assets are waiting for their validation to start.',
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
    title: 'The worker cannot start a process to decode images.',
  },
  worker_busy: {
    status: 503,
    retryable: true,
    retryAfterS: 2,
    title: 'The worker has no room for more work of this tenant.',
  },
  worker_outdated: {
    status: 503,
    retryable: true,
    retryAfterS: 60,
    title: 'This worker is too old: it does not know a step of the policy.',
  },
  storage_full: {
    status: 507,
    retryable: true,
    retryAfterS: 60,
    title: 'The disk of the database is full.',
  },
  upload_checksum_mismatch: {
    // tus 1.0, Checksum.
    status: 460,
    retryable: false,
    title: 'The part is not what its Upload-Checksum says.',
  },
  uploads_full: {
    status: 507,
    retryable: true,
    retryAfterS: 60,
    title: 'The disk of the uploads is full.',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/**
 * One fault in one field. `pointer` is a JSON pointer (RFC 6901) into the request body. `cause` says why an asset is not
 * reachable.
 */
export interface FieldFault {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
  readonly cause?: string;
}

/** `detail` never holds a secret, because it reaches clients, logs and workflow histories. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly faults: readonly FieldFault[];
  readonly retryAfterS: number | undefined;

  /** `retryAfterS` replaces the value from the registry. */
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
