import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiKey } from '../support/cli.ts';
import { type Installed, installSchemathesis, runSchemathesis } from '../support/schemathesis/run.ts';
import { type Stack, startStack } from '../support/stack.ts';

/** Cases for each operation and phase. With this number a run takes about a minute on two cores. */
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
  });
  afterAll(() => stack?.stop());

  async function tryOut(
    makeKey: (stack: Stack) => Promise<string | null>,
    skip: (why: string) => void,
  ): Promise<void> {
    if ('missing' in installed) return skip(installed.missing);
    if (stack === undefined) throw new Error('There is no stack');
    const { code, output } = await runSchemathesis(installed.program, {
      baseUrl: stack.baseUrl,
      maxExamples: MAX_EXAMPLES,
      apiKey: await makeKey(stack),
    });
    expect(code, output).toBe(0);
    expect(output).toMatch(/\d{3,} passed/);
  }

  it('never fails, and answers as the document says, with an API key', async ({ skip }) => {
    await tryOut((made) => createApiKey(made, '--scopes', 'admin'), skip);
  });

  it('never fails, and answers as the document says, without an API key', async ({ skip }) => {
    await tryOut(() => Promise.resolve(null), skip);
  });
});
