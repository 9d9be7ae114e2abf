import { runProgram } from '../process/program.ts';
import { runWorker } from '../process/run-worker.ts';

await runProgram('worker', runWorker);
