import type { RequestHandler } from 'express';
import { asPointer, invalidRequest, MAX_FAULTS } from './parse.ts';

/**
 * Refuses query parameters that the operation does not have, because a mistyped filter would otherwise give the whole list.
 * @throws {AppError} `invalid_request`, naming every such parameter and the known ones
 */
export function refuseUnknownParameters(known: readonly string[]): RequestHandler {
  const knownOnes = known.length === 0 ? 'there are none here' : `the known ones are ${known.join(', ')}`;
  return (req, _res, next) => {
    const unknown = Object.keys(req.query).filter((name) => !known.includes(name));
    if (unknown.length === 0) return next();
    throw invalidRequest(
      unknown.slice(0, MAX_FAULTS).map((name) => ({
        pointer: asPointer(name),
        code: 'unrecognized_keys',
        detail: `is not a known query parameter; ${knownOnes}`,
      })),
    );
  };
}
