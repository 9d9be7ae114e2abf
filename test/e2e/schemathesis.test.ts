import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Installed, installSchemathesis, runSchemathesis } from '../support/schemathesis/run.ts';
import { type Stack, startStack } from '../support/stack.ts';

/** Keeps the run below a minute on two cores. */
const MAX_EXAMPLES = 60;

describe('the API, tried out by its own document', () => {
  let installed: Installed;
  let stack: Stack | undefined;

  beforeAll(async () => {
    installed = await installSchemathesis();
    if ('program' in installed) stack = await startStack({ LOG_LEVEL: 'warn' });
  }, 300_000);
  afterAll(() => stack?.stop());

  it('never fails, and answers as the document says', async ({ skip }) => {
    if ('missing' in installed) return skip(installed.missing);
    const { code, output } = await runSchemathesis(installed.program, {
      baseUrl: stack?.baseUrl ?? '',
      maxExamples: MAX_EXAMPLES,
    });
    expect(code, output).toBe(0);
  }, 400_000);
});
