import '../process/file-threads.ts';
import { runApi } from '../process/run-api.ts';
import { runService } from '../process/service.ts';

await runService('api', runApi);
