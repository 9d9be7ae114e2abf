import { findDurabilityFault } from '../db/durability.ts';
import { isMigrated } from '../db/migrate.ts';
import type { Database } from '../db/orm.ts';
import { addressOf, findDatabaseTrouble } from '../db/trouble.ts';
import type { Logger } from '../telemetry/logger.ts';
import { CannotRun } from './program.ts';
import { waitUntilUsable } from './wait.ts';

/** A deployment that has no database after this long has another problem than a slow start. */
const MIGRATE_PATIENCE_MS = 60_000;

interface Dependency {
  readonly url: string;
  readonly orm: Database;
  readonly logger: Logger;
}

/**
 * Waits, as long as it takes, until Postgres answers and has our schema. Then checks once that it keeps what it
 * acknowledges. @throws {CannotRun} if it does not
 */
export async function waitForDatabase({ url, orm, logger }: Dependency): Promise<void> {
  const address = addressOf(url);
  let fault: string | null = null;
  await waitUntilUsable({
    async findTrouble() {
      const trouble = await findDatabaseTrouble(orm);
      if (trouble !== null) return trouble.reason;
      if (!(await isMigrated(orm))) return 'its schema is not up to date: run `npm run migrate`';
      try {
        fault = await findDurabilityFault(orm);
        return null;
      } catch {
        return 'it does not answer';
      }
    },
    say: (reason) => logger.warn({ address, reason }, 'waiting for Postgres'),
  });
  if (fault !== null) throw new CannotRun(fault);
}

/** Waits a minute for a Postgres that answers. @throws {CannotRun} at once if waiting does not help */
export async function waitForServer({ url, orm, logger }: Dependency): Promise<void> {
  const address = addressOf(url);
  try {
    await waitUntilUsable({
      async findTrouble() {
        const trouble = await findDatabaseTrouble(orm);
        if (trouble?.isLasting) throw new CannotRun(`Postgres at ${address}: ${trouble.reason}.`);
        return trouble?.reason ?? null;
      },
      say: (reason) => logger.warn({ address, reason }, 'waiting for Postgres'),
      timeoutMs: MIGRATE_PATIENCE_MS,
    });
  } catch (error) {
    if (error instanceof CannotRun) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CannotRun(`No Postgres at ${address} within ${MIGRATE_PATIENCE_MS / 1000} s: ${reason}.`, 1);
  }
}
