import type { Response } from 'express';
import { validate as isUuid } from 'uuid';
import { AppError, type ErrorCode } from '../../domain/errors.ts';
import { tenantOf } from './auth.ts';

/** The resource of the caller's tenant with the id of the path. @throws {AppError} `missing`, also if that is no UUID */
export async function findOr404<Found>(
  res: Response,
  idText: unknown,
  find: (tenant: string, id: string) => Promise<Found | null>,
  missing: ErrorCode = 'asset_not_found',
): Promise<Found> {
  const isId = typeof idText === 'string' && isUuid(idText);
  const found = isId ? await find(tenantOf(res), idText.toLowerCase()) : null;
  if (found === null) throw new AppError(missing);
  return found;
}
