import type { MikroORM } from '@mikro-orm/postgresql';

export interface DatabaseTrouble {
  /** For a log: without credentials. */
  readonly reason: string;
  /** Waiting does not help: somebody has to correct a name or a password. */
  readonly isLasting: boolean;
}

/** SQLSTATEs and codes of the system that a starting process meets, in words. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'nobody knows this host name',
  EAI_AGAIN: 'the host name can not be looked up',
  EHOSTUNREACH: 'there is no way to this host',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'it closed the connection',
  '28P01': 'it refuses the password',
  '28000': 'it refuses the user',
  '3D000': 'it has no database of this name',
  '53300': 'it has no connection to spare',
  '57P01': 'it is shutting down',
  '57P03': 'it is starting up',
};

const LASTING = new Set(['28P01', '28000', '3D000']);

/** Why the database can't be used; null once it answers a query. */
export async function findDatabaseTrouble(orm: MikroORM): Promise<DatabaseTrouble | null> {
  try {
    await orm.em.getConnection().execute('SELECT 1');
    return null;
  } catch (error) {
    const { code } = error as { code?: unknown };
    // No code: the driver's own time limit for a connection.
    if (typeof code !== 'string') return { reason: 'it does not answer', isLasting: false };
    return { reason: REASONS[code] ?? code, isLasting: LASTING.has(code) };
  }
}

/** Where a database is, for people to read: host and port, never user or password. */
export function addressOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port === '' ? '5432' : port}`;
}
