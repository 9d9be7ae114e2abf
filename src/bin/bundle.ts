import { runProgram } from '../process/program.ts';
import { runBundle } from '../process/run-bundle.ts';

await runProgram('bundle', runBundle);
