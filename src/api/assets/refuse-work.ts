import type { RequestHandler } from 'express';
import { AppError, type ErrorCode, type FieldFault } from '../../domain/errors.ts';

/** The reason why no new work is accepted now. Null: it is accepted. */
export type Refusal = () => ErrorCode | null;

/** Refuses operations that make work, before the body is read. @throws {AppError} the reason */
export function refuseWork({ refusal }: { readonly refusal: Refusal }): RequestHandler {
  return (_req, _res, next) => {
    const code = refusal();
    if (code !== null) throw new AppError(code);
    next();
  };
}

/** The fault of a body whose `policy` names no existing policy. */
export function policyFault({ code, message }: AppError): FieldFault {
  return { pointer: '/policy', code, detail: message };
}
