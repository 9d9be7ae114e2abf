import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { query } from './query.ts';

/**
 * Settings of Postgres that can lose an acknowledged commit when they are off. `synchronous_commit` may be `on`, `local`,
 * `remote_write` or `remote_apply`, because each of them waits for the disk of this server.
 */
const LOSSES = {
  fsync: 'A crash of the machine can lose what was committed, or damage the whole database.',
  synchronous_commit: 'A crash of Postgres loses what was committed in the moments before.',
  full_page_writes:
    'A crash of the machine can leave pages half written, and what was committed in them lost.',
} as const;

type Setting = keyof typeof LOSSES;

/**
 * Null if an acknowledged commit is safe with the settings that our sessions have (a user or a database can have its own).
 * Otherwise a text for people, with the wrong settings and how to correct them.
 * @throws {AppError} `database_unavailable`
 */
export async function findDurabilityFault(orm: MikroORM): Promise<string | null> {
  const { rows } = await query(orm, (db) =>
    sql<{ name: Setting; setting: string }>`
      SELECT name, setting FROM pg_settings WHERE name = ANY (${Object.keys(LOSSES)}::text[]) ORDER BY name`.execute(
      db,
    ),
  );
  return describeDurabilityFault(rows);
}

export function describeDurabilityFault(
  settings: readonly { readonly name: Setting; readonly setting: string }[],
): string | null {
  const faults = settings.filter(({ setting }) => setting === 'off').map(({ name }) => describe(name));
  return faults.length === 0 ? null : `Postgres would lose assets that were accepted.\n${faults.join('\n')}`;
}

function describe(name: Setting): string {
  const hint =
    name === 'synchronous_commit' ? ' (look also for ALTER DATABASE … SET and ALTER ROLE … SET)' : '';
  return `  ${name} is off. ${LOSSES[name]} Set ${name} = on in postgresql.conf and reload it${hint}.`;
}
