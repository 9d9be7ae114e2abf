import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Stack } from './stack.ts';

/** Runs `npm run cli -- …` on a stack's database. Returns its output. */
export async function runCli({ env }: Pick<Stack, 'env'>, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['src/bin/cli.ts', ...args], {
    env: { PATH: process.env['PATH'], ...env },
  });
  return stdout.trim();
}

/** A new API key, made by the command line with these options. */
export async function createApiKey(stack: Pick<Stack, 'env'>, ...options: string[]): Promise<string> {
  const output = await runCli(stack, 'keys', 'create', ...options);
  const key = /vk_\w+/.exec(output)?.[0];
  if (key === undefined) throw new Error(`No key in: ${output}`);
  return key;
}
