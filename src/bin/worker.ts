import '../process/file-threads.ts';
import { runWorker } from '../process/run-worker.ts';
import { runService } from '../process/service.ts';

await runService('worker', runWorker);
