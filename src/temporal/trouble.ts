import { type ConnectionOptions, isGrpcServiceError, NamespaceNotFoundError } from '@temporalio/client';

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
