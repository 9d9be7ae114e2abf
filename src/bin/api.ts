import { runProgram } from '../process/program.ts';
import { runApi } from '../process/run-api.ts';

await runProgram('api', runApi);
