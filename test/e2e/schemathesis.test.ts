import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Installed, installSchemathesis, runSchemathesis } from '../support/schemathesis/run.ts';
import { type Stack, startStack } from '../support/stack.ts';

/** Cases of an operation and phase: each run takes about a minute on two cores. */
const MAX_EXAMPLES = 60;

describe('the API, tried out by its own document', () => {
  let installed: Installed;
  let stack: Stack | undefined;

  beforeAll(async () => {
    installed = await installSchemathesis();
    if ('program' in installed)
      stack = await startStack({
        AUTH: 'keys',
        LOG_LEVEL: 'warn',
        KEY_REQUESTS_PER_MINUTE: '1000000',
        KEY_MIB_PER_MINUTE: '10000',
      });
  }, 300_000);
  afterAll(() => stack?.stop());

  async function createKey(): Promise<string> {
    const args = ['src/bin/cli.ts', 'keys', 'create', '--scopes', 'admin'];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: { PATH: process.env['PATH'], ...stack?.env },
    });
    return /vk_\w+/.exec(stdout)?.[0] ?? '';
  }

  async function tryOut(makeKey: () => Promise<string | null>, skip: (why: string) => void): Promise<void> {
    if ('missing' in installed) return skip(installed.missing);
    const { code, output } = await runSchemathesis(installed.program, {
      baseUrl: stack?.baseUrl ?? '',
      maxExamples: MAX_EXAMPLES,
      apiKey: await makeKey(),
    });
    expect(code, output).toBe(0);
    expect(output).toMatch(/\d{3,} passed/);
  }

  it('never fails, and answers as the document says, to who has an API key', async ({ skip }) => {
    await tryOut(createKey, skip);
  }, 400_000);

  it('never fails, and answers as the document says, to who has none', async ({ skip }) => {
    await tryOut(() => Promise.resolve(null), skip);
  }, 400_000);
});
