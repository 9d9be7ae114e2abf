import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflows } from './workflow-bundle.ts';

/** Built ahead for production (`npm run build [-- <file>]`), so that a worker starts without a bundler. */
export async function runBundle(): Promise<void> {
  const target = process.argv[2] ?? fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url));
  const { code } = await bundleWorkflows();
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, code);
  process.stdout.write(`${target}: ${Math.round(code.length / 1024)} KiB\n`);
}
