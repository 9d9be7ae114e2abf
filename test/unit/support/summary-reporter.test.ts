import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

/** A run of its own, with these files. */
function runTests(files: Record<string, string>) {
  const dir = mkdtempSync(join(tmpdir(), 'validatr-reporter-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  symlinkSync(resolve('node_modules'), join(dir, 'node_modules'));
  for (const [name, text] of Object.entries(files)) {
    const imports = `import { afterAll, beforeAll, describe, expect, it } from 'vitest';\n`;
    writeFileSync(join(dir, `${name}.test.mjs`), imports + text);
  }
  const reporter = `--reporter=${resolve('test/support/summary-reporter.ts')}`;
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--root', dir, reporter, '--configLoader=runner'];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, lines: stdout.trim().split('\n') };
}

it('the closing line counts each test once, and says which were skipped', () => {
  const { status, lines } = runTests({
    some: `it('is well', () => {}); it('is too', () => {}); it('can not run', ({ skip }) => skip('no browser')); it.skip('is off', () => {});`,
  });
  expect(lines).toEqual(['Skipped: can not run (no browser)', '2 passed, 0 failed, 2 skipped']);
  expect(status).toBe(0);
});

it("a test with several faults, a test without its set-up and a file that can't be loaded have each failed once", () => {
  const { status, lines } = runTests({
    faulty: `it('is well', () => {}); it('is not', () => { expect.soft(1).toBe(2); expect(1).toBe(3); });`,
    unset: `describe('a suite', () => { beforeAll(() => { throw new Error('no server'); }); it('a', () => {}); it('b', () => {}); it.skip('c', () => {}); });`,
    unloadable: `throw new Error('no such thing');`,
  });
  expect(lines.toSorted()).toEqual([
    '1 passed, 4 failed, 1 skipped',
    'Failed outside of a test: unloadable.test.mjs: no such thing',
    'Failed outside of a test: unset.test.mjs, a suite: no server',
  ]);
  expect(status).toBe(1);
});

it('an uncaught error and a failed clean-up fail the run in lines of their own, and count for no test', () => {
  const { status, lines } = runTests({
    lost: `it('loses an error', async () => { void Promise.reject(new Error('lost')); await new Promise((resolve) => setTimeout(resolve, 50)); });`,
    late: `describe('a suite', () => { afterAll(() => { throw new Error('still there'); }); it('is well', () => {}); });`,
  });
  expect(lines).toEqual([
    'Failed outside of a test: late.test.mjs, a suite: still there',
    'Failed outside of a test: unhandled: lost',
    '2 passed, 0 failed',
  ]);
  expect(status).toBe(1);
});
