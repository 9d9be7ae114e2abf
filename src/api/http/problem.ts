import type { ErrorRequestHandler, Response } from 'express';
import { z } from 'zod';
import { AppError, type ErrorCode, ERRORS } from '../../domain/errors.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { redactKeys } from '../../telemetry/redact.ts';
import type { Answer } from './answer.ts';
import { bringsFile } from './file-body.ts';
import { hasBody } from './headers.ts';

export const PROBLEM_TYPE = 'application/problem+json';

export const problem = z
  .object({
    type: z.string().regex(/^urn:validatr:error:[a-z_]+$/),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    requestId: z.string(),
    errors: z
      .array(
        z.object({
          pointer: z.string().meta({
            description: 'JSON pointer (RFC 6901) into the body, the query or the parameters of the path.',
          }),
          code: z.string(),
          detail: z.string(),
          cause: z.string().optional().meta({ description: 'Why an asset is not reachable.' }),
        }),
      )
      .optional()
      .meta({ description: 'The fields at fault, and why.' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. `type` names the error for programs.' });

/** The only place where errors become HTTP: `application/problem+json` (RFC 9457). */
export function asProblem(error: AppError, requestId: string): { status: number; body: string } {
  const { title, status } = ERRORS[error.code];
  const body: Answer<typeof problem> = {
    type: problemType(error.code),
    title,
    status,
    detail: error.message,
    requestId,
    ...(error.faults.length === 0 ? {} : { errors: error.faults }),
  };
  return { status, body: redactKeys(JSON.stringify(body)) };
}

export function sendProblem(res: Response, error: AppError): void {
  const { status, body } = asProblem(error, String(res.locals['requestId']));
  if (error.retryAfterS !== undefined) res.set('Retry-After', String(error.retryAfterS));
  res.status(status).setHeader('Content-Type', PROBLEM_TYPE);
  // Not `res.json` or `res.send`: both would add a charset parameter that the media type does not have.
  res.end(body);
}

export const problemType = (code: ErrorCode): string => `urn:validatr:error:${code}`;

/** The last handler of the app. */
export function handleErrors(logger: Logger): ErrorRequestHandler {
  return (raised: unknown, req, res, next) => {
    // The client was too slow and has its answer already. This error only says that its body broke off.
    if (res.writableEnded) return;
    const error = asAppError(raised);
    if (error.code === 'internal')
      logger.error({ err: raised, requestId: res.locals['requestId'] }, 'request failed');
    else if (error.status >= 500)
      logger.warn({ err: error, requestId: res.locals['requestId'] }, 'request refused');
    // Part of the answer is sent. Cutting the connection shows the client that the list is not whole.
    if (res.headersSent) return next(raised);
    // The rest of a refused body may still be on its way. The server throws the rest of a file away.
    if (hasBody(req) && !req.complete && !bringsFile(req)) res.set('Connection', 'close');
    sendProblem(res, error);
  };
}

/** Errors of body-parser, by their `type`. */
const OF_BODY_PARSER: Record<string, ErrorCode> = {
  'entity.parse.failed': 'malformed_json',
  'entity.verify.failed': 'malformed_json',
  'entity.too.large': 'body_too_large',
  'charset.unsupported': 'unsupported_media_type',
  'request.size.invalid': 'malformed_json',
  'request.aborted': 'malformed_json',
};

const COMPRESSED = 'The body is compressed. Send it as it is, without Content-Encoding.';

function asAppError(raised: unknown): AppError {
  if (raised instanceof AppError) return raised;
  const { type, status } = raised as { type?: unknown; status?: unknown };
  const code = typeof type === 'string' ? OF_BODY_PARSER[type] : undefined;
  if (type === 'encoding.unsupported') return new AppError('unsupported_media_type', { detail: COMPRESSED });
  if (code !== undefined) return new AppError(code);
  // A body that does not inflate, a path that does not decode (`/assets/%ff`).
  if (status === 400) return new AppError(raised instanceof URIError ? 'not_found' : 'malformed_json');
  return new AppError('internal', { cause: raised });
}
