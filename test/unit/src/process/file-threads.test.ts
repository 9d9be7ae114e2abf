import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../../support/stand-ins/count-file-threads.ts', import.meta.url));

it.runIf(process.platform === 'linux')('gives programs more threads for files than Node does', () => {
  const { UV_THREADPOOL_SIZE: _, ...env } = process.env;
  expect(Number(execFileSync(process.execPath, [program], { env, encoding: 'utf8' }))).toBe(24);
});
