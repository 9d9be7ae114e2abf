import { AppError } from '../domain/errors.ts';
import type { Unreachable, UnreachableCause } from '../domain/sources/unreachable.ts';

/**
 * Says of each answer of a remote storage whether it is a cause or trouble. A cause is a verdict on the asset. Trouble says
 * nothing about the asset, so it is tried again. All sources of other machines use this table. Local files have theirs in `local.ts`.
 *
 * | answer                              | meaning                                                          |
 * |-------------------------------------|------------------------------------------------------------------|
 * | 401, 403                            | `forbidden`                                                      |
 * | 404, 410                            | `not_found`                                                      |
 * | 408, 412, 425, 429, 5xx             | trouble `http_<status>`                                          |
 * | other 4xx                           | `refused`                                                        |
 * | 206                                 | `refused`: a part, which nobody asked for                        |
 * | other status                        | trouble `http_<status>`: this is no answer for us                |
 * | a code below                        | as listed                                                        |
 * | any other error                     | trouble `connection`                                             |
 *
 * 412: the object was replaced between two requests. Storage that denies our own credentials is trouble of the operator, never a
 * verdict (`CREDENTIALS`), and so is an answer of a cloud that breaks HTTP. A fault of a web server is a cause (`http.ts`,
 * `http-answers.ts`): clients choose it.
 *
 * `retryAfterS`: how long the server asks us to wait, seconds.
 */
export function faultOfStatus(status: number, retryAfterS?: number): Unreachable | AppError {
  if (status === 401 || status === 403) return { unreachable: 'forbidden' };
  if (status === 404 || status === 410) return { unreachable: 'not_found' };
  if (status === PARTIAL || (status >= 400 && status < 500 && !RETRYABLE_STATUSES.has(status)))
    return { unreachable: 'refused' };
  return trouble(`http_${status}`, retryAfterS);
}

const PARTIAL = 206;
const RETRYABLE_STATUSES = new Set([408, 412, 425, 429]);

/** Codes of errors, from Node, undici and the clouds, that are a verdict on the asset. */
export const CAUSES: ReadonlyMap<string, UnreachableCause> = new Map<string, UnreachableCause>([
  // Web servers. These are codes of our own errors.
  ['address_forbidden', 'address_forbidden'],
  ['invalid_response', 'invalid_answer'],
  // S3
  ['NoSuchKey', 'not_found'],
  ['NoSuchBucket', 'not_found'],
  ['NoSuchVersion', 'not_found'],
  // The version is a mark that the object was deleted.
  ['MethodNotAllowed', 'not_found'],
  ['AccessDenied', 'forbidden'],
  ['AllAccessDisabled', 'forbidden'],
  ['InvalidObjectState', 'archived'],
  ['InvalidBucketName', 'not_found'],
  ['KeyTooLongError', 'not_found'],
  // Azure
  ['BlobNotFound', 'not_found'],
  ['ContainerNotFound', 'not_found'],
  ['BlobArchived', 'archived'],
]);

/** Codes that say that our own credentials are not valid, or that our account or network may not ask. */
const CREDENTIALS = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'TokenRefreshRequired',
  'RequestTimeTooSkewed',
  'AccountProblem',
  'NotSignedUp',
  'AuthenticationFailed',
  'AuthorizationFailure',
  'AuthorizationSourceIPMismatch',
  'AuthorizationProtocolMismatch',
  'AccountIsDisabled',
  'KeyBasedAuthenticationNotPermitted',
  'InvalidAuthenticationInfo',
]);

/** The trouble that these codes of Node, undici and the clouds name. */
export const TROUBLES: ReadonlyMap<string, string> = new Map<string, string>([
  // S3. The operator has to correct the profile.
  ['PermanentRedirect', 'wrong_region'],
  ['TemporaryRedirect', 'wrong_region'],
  ['AuthorizationHeaderMalformed', 'wrong_region'],
  ['IllegalLocationConstraintException', 'wrong_region'],
  ['RequestTimeout', 'timeout'],
  ['EAI_AGAIN', 'dns_unavailable'],
  // The host of a profile is the operator's. A host that a client names is a cause (`http.ts`).
  ['ENOTFOUND', 'dns_unavailable'],
  ['ECONNREFUSED', 'connection_refused'],
  ['ECONNRESET', 'connection_reset'],
  ['EPIPE', 'connection_reset'],
  ['ERR_STREAM_PREMATURE_CLOSE', 'connection_reset'],
  ['EHOSTUNREACH', 'host_unreachable'],
  ['ENETUNREACH', 'host_unreachable'],
  ['UND_ERR_SOCKET', 'cut_short'],
  // Of a web server (`http-answers.ts`).
  ['cut_short', 'cut_short'],
  ['ETIMEDOUT', 'timeout'],
  ['ABORT_ERR', 'timeout'],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'timeout'],
  ['ENOSPC', 'staging_full'],
  ['EDQUOT', 'staging_full'],
]);

/** Null if the code says nothing that we know. */
export function faultOfCode(code: string): Unreachable | AppError | null {
  if (CREDENTIALS.has(code)) return trouble('credentials');
  const cause = CAUSES.get(code);
  if (cause !== undefined) return { unreachable: cause };
  const reason = TROUBLES.get(code);
  return reason === undefined ? null : trouble(reason);
}

/** The error of an answer with a name of the cloud's own. The name says more than the status. */
export function faultOfNamed(
  error: unknown,
  name: string,
  status: number | undefined,
): Unreachable | AppError {
  return faultOfCode(name) ?? (status === undefined ? faultOf(error) : faultOfStatus(status));
}

/** Any error of a request or of a body. */
export function faultOf(error: unknown): Unreachable | AppError {
  return error instanceof AppError ? error : (faultOfCode(codeOf(error)) ?? trouble('connection'));
}

/** `reason` is one word. It reaches clients and histories, so no text of a server is part of it. */
export function trouble(reason: string, retryAfterS?: number): AppError {
  const cause = new Error(reason);
  return new AppError('storage_unavailable', { cause, ...(retryAfterS !== undefined && { retryAfterS }) });
}

/** Returns the cause of a fault, or throws its trouble. */
export function orThrow(fault: Unreachable | AppError): Unreachable {
  if (fault instanceof AppError) throw fault;
  return fault;
}

/** The code of an error, or of the error that caused it. */
export function codeOf(error: unknown): string {
  for (let each = error; each instanceof Error; each = each.cause) {
    if ('code' in each && typeof each.code === 'string') return each.code;
    if (each.name === 'TimeoutError' || each.name === 'AbortError') return 'ABORT_ERR';
  }
  return '';
}
