import type { RequestHandler } from 'express';
import { AppError, type ErrorCode, type FieldFault } from '../../domain/errors.ts';

/** Why no new work is taken right now; null when it is. */
export type Refusal = () => ErrorCode | null;

/** For operations that make work: refuses before the body is read. @throws {AppError} the refusal */
export function refuseWork({ refusal }: { readonly refusal: Refusal }): RequestHandler {
  return (_req, _res, next) => {
    const code = refusal();
    if (code !== null) throw new AppError(code);
    next();
  };
}

/** For a `policy` in a body that names none. */
export function policyFault({ code, message }: AppError): FieldFault {
  return { pointer: '/policy', code, detail: message };
}
