import { type ConnectionOptions, isGrpcServiceError, NamespaceNotFoundError } from '@temporalio/client';
import { AppError } from '../domain/errors.ts';

/** The address that the SDK uses if none is given. */
const DEFAULT_ADDRESS = 'localhost:7233';

/** Texts of Node and of the worker's Rust core for a connection that fails. The words are the same as for Postgres. */
const CONNECTION_REASONS: readonly (readonly [RegExp, string])[] = [
  [/ConnectionRefused|ECONNREFUSED/, 'nothing listens there'],
  [/dns error|ENOTFOUND|Name resolution failed/, 'nobody knows this host name'],
  [/TimedOut|ETIMEDOUT|Timeout expired|deadline has elapsed/, 'it does not answer in time'],
];

/** gRPC status codes of trouble that passes: the server, or its namespace, is not there yet. */
const WORTH_WAITING: Readonly<Record<number, string>> = {
  // The worker's connection reports a missed deadline as 1.
  1: 'it does not answer in time',
  4: 'it does not answer in time',
  5: 'it does not have this namespace',
  8: 'it is overloaded',
  13: 'it reports an internal error',
  14: 'it does not answer',
};

const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;

/** gRPC status codes of a call that Temporal refuses, while it serves others: invalid, exists already, out of range, data lost. */
const REFUSALS: ReadonlySet<number> = new Set([INVALID_ARGUMENT, 6, 11, 15]);

/** gRPC status codes of a call that got no answer. The client has tried it again until its deadline. */
const WITHOUT_ANSWER: ReadonlySet<number> = new Set([1, 4, 14]);

/** A namespace without our search attributes refuses every start. */
const IS_NOT_SET_UP = /search attribute/i;

/** Two limits of a single call that share their code with the limits of the whole server. */
const IS_TOO_LARGE_OR_BUSY = /larger than max|workflow is busy/i;

export function temporalAddress({ address = DEFAULT_ADDRESS }: ConnectionOptions): string {
  return address;
}

/** The reason why no connection could be made, for a log. The error's own text if it is an unknown one. */
export function connectTrouble(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return CONNECTION_REASONS.find(([pattern]) => pattern.test(message))?.[1] ?? message;
}

export function hasGrpcCode(error: unknown, code: number): boolean {
  if (!isGrpcServiceError(error)) return false;
  const found: number = error.code;
  return found === code;
}

/** The reason why a call failed, if the trouble passes. Undefined if waiting does not help. */
export function reasonToWait(error: unknown): string | undefined {
  if (error instanceof NamespaceNotFoundError) return WORTH_WAITING[5];
  if (!isGrpcServiceError(error))
    return error instanceof Error && error.cause !== undefined ? reasonToWait(error.cause) : undefined;
  return WORTH_WAITING[error.code];
}

/**
 * Whether every other call would fail in the same way, because Temporal or Postgres is away. A loop over items then stops. It goes
 * on past any other error, which is about one item: a limit of its workflow, an input that is too large, a value of another shape.
 */
export function concernsAll(error: unknown): boolean {
  if (error instanceof AppError) return error.status > 500;
  if (error instanceof NamespaceNotFoundError) return true;
  if (isGrpcServiceError(error)) return !isRefusal(error);
  return error instanceof Error && error.cause !== undefined && concernsAll(error.cause);
}

/**
 * Whether a single shard of Temporal may be the reason. Each id has a shard. If that fails, calls for the id get no answer in
 * time, and calls for ids of other shards do.
 */
export function mayConcernOneShard(error: unknown): boolean {
  return isGrpcServiceError(error)
    ? WITHOUT_ANSWER.has(error.code)
    : error instanceof Error && error.cause !== undefined && mayConcernOneShard(error.cause);
}

function isRefusal({ code, details }: { readonly code: number; readonly details: string }): boolean {
  if (code === INVALID_ARGUMENT && IS_NOT_SET_UP.test(details)) return false;
  return REFUSALS.has(code) || (code === RESOURCE_EXHAUSTED && IS_TOO_LARGE_OR_BUSY.test(details));
}
