import { readConfig } from '../config.ts';
import { migrate } from '../db/migrate.ts';
import { openDatabase } from '../db/orm.ts';
import { createLogger } from '../telemetry/logger.ts';
import { requireDatabaseUrl } from './program.ts';
import { waitForServer } from './wait-for-database.ts';

export async function runMigrate(): Promise<void> {
  const config = readConfig();
  const logger = createLogger(config.LOG_LEVEL, 'migrate');
  const url = requireDatabaseUrl(config);
  const orm = await openDatabase({
    url,
    poolMax: 2,
    preparedStatements: config.DATABASE_PREPARED_STATEMENTS,
  });
  try {
    await waitForServer({ url, orm, logger });
    const applied = await migrate(orm);
    logger.info({ applied }, applied.length === 0 ? 'the database is up to date' : 'migrations applied');
  } finally {
    await orm.close();
  }
}
