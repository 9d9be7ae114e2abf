import { readConfig } from '../config.ts';
import { migrate } from '../db/migrate.ts';
import { openDatabase } from '../db/orm.ts';
import { createLogger } from '../telemetry/logger.ts';
import { requireDatabaseUrl, runProgram } from './program.ts';

await runProgram('migrate', async () => {
  const config = readConfig();
  const logger = createLogger(config.LOG_LEVEL, 'migrate');
  const orm = await openDatabase({ url: requireDatabaseUrl(config), poolMax: 2 });
  try {
    const applied = await migrate(orm);
    logger.info({ applied }, applied.length === 0 ? 'the database is up to date' : 'migrations applied');
  } finally {
    await orm.close();
  }
});
