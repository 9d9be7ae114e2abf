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

/** SQLSTATE classes of a statement that is refused for its values: cardinality, data, constraints, limits (a row too large). */
const OF_VALUES = /^(21|22|23|54)/;

/** SQLSTATEs of a transaction that Postgres rolled back because of another one. Run again, it may succeed. */
const LOST_RACE = new Set(['40001', '40P01']);

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
    return new AppError('storage_full', { cause: withCode(`SQLSTATE ${sqlState}`, sqlState) });
  const reason = REASONS[String(code)];
  // Without a SQLSTATE, the driver never reached the server, or lost it.
  if (reason !== undefined || sqlState === null || UNAVAILABLE.test(sqlState)) {
    const known = [reason ?? name, code].filter((part) => typeof part === 'string');
    return new AppError('database_unavailable', { cause: withCode(known.join(' '), sqlState) });
  }
  return new AppError('internal', { cause: withCode(`${String(name)} SQLSTATE ${sqlState}`, sqlState) });
}

function withCode(message: string, code: string | null): Error {
  return Object.assign(new Error(message), code === null ? {} : { code });
}

/** The SQLSTATE behind an error of `guard`. Null if Postgres did not answer with one. */
function sqlStateOf(error: unknown): string | null {
  const code = error instanceof AppError ? (error.cause as { code?: unknown } | undefined)?.code : undefined;
  return typeof code === 'string' ? code : null;
}

/**
 * Whether the statement failed because of a value of an item: a constraint, a text or a number that Postgres can't store. It has
 * then written nothing, and would do without this item. Trouble of the server or of the connection is no item's fault.
 */
export function isFaultOfItem(error: unknown): boolean {
  const cause = error instanceof AppError && error.code === 'internal' ? error.cause : error;
  if (cause instanceof TypeError || cause instanceof RangeError) return true;
  return error instanceof AppError && error.code === 'internal' && OF_VALUES.test(sqlStateOf(error) ?? '');
}

/** Whether the transaction was rolled back because of another one, a deadlock for example. */
export function isLostRace(error: unknown): boolean {
  return LOST_RACE.has(sqlStateOf(error) ?? '');
}

/** Whether a key was there already (unique_violation). */
export function isDuplicate(error: unknown): boolean {
  return sqlStateOf(error) === '23505';
}

/** Whether the row that this one belongs to was deleted meanwhile (foreign_key_violation). */
export function isOrphan(error: unknown): boolean {
  return sqlStateOf(error) === '23503';
}

/** Host and port of a database, for people. Never user or password. */
export function addressOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port === '' ? '5432' : port}`;
}
