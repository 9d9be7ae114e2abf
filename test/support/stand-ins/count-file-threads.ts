import '../../../src/process/file-threads.ts';
import '../../../src/process/run-worker.ts';
import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';

/** Loads what a worker loads, in its order. Writes how many threads it has for files (Linux). */
await stat('/');
const names = readdirSync('/proc/self/task').map((id) => readFileSync(`/proc/self/task/${id}/comm`, 'utf8'));
process.stdout.write(`${names.filter((name) => name.startsWith('libuv')).length}`);
