import type { MikroORM } from '@mikro-orm/postgresql';
import { AppError } from '../domain/errors.ts';

/**
 * Runs one SQL statement (`?` placeholders) on the pool and returns its rows; timestamps and counts come as text.
 * @throws {AppError} `database_unavailable` when Postgres can't be reached or refuses for want of resources,
 *   `storage_full` when its disk is, `internal` otherwise. The driver's own error text is dropped: it quotes the statement, webhook URLs and all.
 */
export async function execute<Row extends object>(
  orm: MikroORM,
  sql: string,
  params: readonly unknown[],
): Promise<Row[]> {
  return guard(async () => orm.em.getConnection().execute<Row[]>(sql, params, 'all'));
}

/** Runs database work with errors mapped as `execute` maps them. */
export async function guard<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw asAppError(error);
  }
}

/** SQLSTATE classes (PostgreSQL, appendix A) that say "not now": connection, resources, operator, system. */
const UNAVAILABLE = /^(08|53|57|58|40)/;

/** What someone has to set right before anything works; it heals without a restart. */
const MISCONFIGURED: Record<string, string> = {
  '28P01': 'it refuses the password of DATABASE_URL',
  '28000': 'it refuses the user of DATABASE_URL',
  '3D000': 'it has no such database as DATABASE_URL names',
  // The role that requests run as is made by a migration.
  '22023': 'its schema is not up to date: npm run migrate',
  '42P01': 'its schema is not up to date: npm run migrate',
  '42703': 'its schema is not up to date: npm run migrate',
  '42883': 'its schema is not up to date: npm run migrate',
};

const DISK_FULL = '53100';

function asAppError(error: unknown): AppError {
  if (error instanceof TypeError || error instanceof RangeError)
    return new AppError('internal', { cause: error });
  const { code, name } = error as { code?: unknown; name?: unknown };
  const sqlState = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
  const toMend = sqlState === null ? undefined : MISCONFIGURED[sqlState];
  if (toMend !== undefined) return new AppError('database_unavailable', { cause: new Error(toMend) });
  if (sqlState === DISK_FULL)
    return new AppError('storage_full', { cause: new Error(`SQLSTATE ${sqlState}`) });
  // No SQLSTATE: the driver never reached the server (ECONNREFUSED, timeout, connection ended).
  if (sqlState === null || UNAVAILABLE.test(sqlState)) {
    return new AppError('database_unavailable', {
      cause: new Error([name, code].filter((part) => typeof part === 'string').join(' ')),
    });
  }
  return new AppError('internal', { cause: new Error(`${String(name)} SQLSTATE ${sqlState}`) });
}
