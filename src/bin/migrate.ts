import { runMigrate } from '../process/run-migrate.ts';
import { runService } from '../process/service.ts';

await runService('migrate', runMigrate);
