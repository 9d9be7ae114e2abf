import type { Response } from 'express';
import { validate as isUuid } from 'uuid';
import { AppError } from '../../domain/errors.ts';
import { tenantOf } from '../http/auth.ts';

/** The caller's asset with the id of the path. @throws {AppError} `asset_not_found` */
export async function findOr404<Found>(
  res: Response,
  idText: unknown,
  find: (tenant: string, id: string) => Promise<Found | null>,
): Promise<Found> {
  const isId = typeof idText === 'string' && isUuid(idText);
  const found = isId ? await find(tenantOf(res), idText.toLowerCase()) : null;
  if (found === null) throw new AppError('asset_not_found');
  return found;
}
