import { runDev } from '../process/dev/run-dev.ts';
import { runProgram } from '../process/program.ts';

await runProgram('dev', runDev);
