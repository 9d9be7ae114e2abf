import { setTimeout as delay } from 'node:timers/promises';
import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { Client } from 'pg';
import { query } from './query.ts';

/** The lock of all migrating processes. It may be any number. */
const LOCK = 7_203_914_521;

/** Milliseconds between two questions for the lock. */
const LOOK_AGAIN_MS = 200;

/** Applies the missing migrations and returns their names. Processes that start together take turns. */
export async function migrate(orm: MikroORM): Promise<string[]> {
  // The lock needs a connection of its own, because an advisory lock belongs to the session that took it.
  const client = new Client({ connectionString: String(orm.config.get('clientUrl')) });
  // A lost connection fails the query under way. Without a listener it would end the process before that error is shown.
  client.on('error', () => undefined);
  await client.connect();
  try {
    while (!(await takesLock(client))) await delay(LOOK_AGAIN_MS);
    const applied = await orm.migrator.up();
    return applied.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

/**
 * Asks for the lock and does not wait for it inside Postgres: a waiting statement has a snapshot, and an index that is built while
 * clients write waits for the end of every older one. So the two would wait for each other for ever.
 */
async function takesLock(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [LOCK]);
  return rows[0]?.taken === true;
}

/** Whether the database has the newest schema. It only reads, while the migrator would make its missing table. */
export async function isMigrated(orm: MikroORM): Promise<boolean> {
  try {
    const { rows } = await query(orm, (db) =>
      sql<{ table: string | null }>`SELECT to_regclass('migrations') AS table`.execute(db),
    );
    if ((rows[0]?.table ?? null) === null) return false;
    return (await orm.migrator.getPending()).length === 0;
  } catch {
    return false;
  }
}
