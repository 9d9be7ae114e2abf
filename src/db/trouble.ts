import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { AppError } from '../domain/errors.ts';

export interface DatabaseTrouble {
  /** A text for a log, without credentials. */
  readonly reason: string;
  /** True if waiting does not help, because somebody has to correct a name or a password. */
  readonly isLasting: boolean;
}

const NO_ANSWER = 'it does not answer';
const OLD_SCHEMA = 'its schema is not up to date: npm run migrate';

/** Texts for trouble that ends without a restart, by SQLSTATE (PostgreSQL, appendix A) or code of the system. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'nobody knows this host name',
  EAI_AGAIN: 'the host name can not be looked up',
  EHOSTUNREACH: 'there is no way to this host',
  ETIMEDOUT: NO_ANSWER,
  ECONNRESET: 'it closed the connection',
  '28P01': 'it refuses the password',
  '28000': 'it refuses the user',
  '3D000': 'it has no database of this name',
  '53300': 'it has no connection to spare',
  '57P01': 'it is shutting down',
  '57P03': 'it is starting up',
  // The role of requests does not exist yet, because a migration makes it.
  '22023': OLD_SCHEMA,
  '42P01': OLD_SCHEMA,
  '42703': OLD_SCHEMA,
  '42883': OLD_SCHEMA,
};

const LASTING = new Set(['28P01', '28000', '3D000']);

/** SQLSTATE classes of trouble that ends by itself: connection, resources, operator, system, lost races. */
const UNAVAILABLE = /^(08|53|57|58|40)/;

const DISK_FULL = '53100';

/** The reason why the database can't be used. Null once it answers a query. */
export async function findDatabaseTrouble(orm: MikroORM): Promise<DatabaseTrouble | null> {
  try {
    await sql`SELECT 1`.execute(orm.em.getKysely());
    return null;
  } catch (error) {
    const { code } = error as { code?: unknown };
    // An error without a code is the driver's own time limit for a connection.
    if (typeof code !== 'string') return { reason: NO_ANSWER, isLasting: false };
    return { reason: REASONS[code] ?? code, isLasting: LASTING.has(code) };
  }
}

/**
 * Runs database work and maps its errors: `database_unavailable` if Postgres can't be reached or lacks resources, `storage_full`
 * if its disk is full, `internal` otherwise. The driver's own text is dropped, because it quotes the statement.
 */
export async function guard<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw asAppError(error);
  }
}

function asAppError(error: unknown): AppError {
  if (error instanceof TypeError || error instanceof RangeError)
    return new AppError('internal', { cause: error });
  const { code, name } = error as { code?: unknown; name?: unknown };
  const sqlState = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
  if (sqlState === DISK_FULL)
    return new AppError('storage_full', { cause: new Error(`SQLSTATE ${sqlState}`) });
  const reason = REASONS[String(code)];
  // Without a SQLSTATE, the driver never reached the server, or lost it.
  if (reason !== undefined || sqlState === null || UNAVAILABLE.test(sqlState)) {
    const known = [reason ?? name, code].filter((part) => typeof part === 'string');
    return new AppError('database_unavailable', { cause: new Error(known.join(' ')) });
  }
  return new AppError('internal', { cause: new Error(`${String(name)} SQLSTATE ${sqlState}`) });
}

/** Host and port of a database, for people. Never user or password. */
export function addressOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port === '' ? '5432' : port}`;
}
