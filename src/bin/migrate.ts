import { runProgram } from '../process/program.ts';
import { runMigrate } from '../process/run-migrate.ts';

await runProgram('migrate', runMigrate);
