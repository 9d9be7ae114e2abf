import { runCli } from '../cli/run-cli.ts';
import { runProgram } from '../process/program.ts';

await runProgram('cli', runCli);
