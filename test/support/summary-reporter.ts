import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Ends the run with one line that scripts can read: `N passed, N failed`. It counts each test once. A test counts as failed if
 * the set-up of its suite failed. A file that could not be loaded counts as one failed test. The lines before it name the tests
 * that were skipped, with the reason, and failures outside of all tests.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    const lines: string[] = [];
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) {
        const outcome = outcomeOf(test);
        count[outcome] += 1;
        const result = test.result();
        if (result.state === 'skipped' && outcome === 'skipped' && result.note !== undefined)
          lines.push(`Skipped: ${test.fullName} (${result.note})`);
      }
      if (tests.length === 0 && !module.ok()) count.failed += 1;
    }
    lines.push(...outsideOfTests(modules, unhandledErrors));
    const { passed, failed, skipped } = count;
    lines.push(`${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`);
    // Printed at exit, so it comes after the lines of the other reporters.
    process.once('exit', () => process.stdout.write(`\n${lines.join('\n')}\n`));
  }
}

function outcomeOf(test: TestCase): 'passed' | 'failed' | 'skipped' {
  const { state } = test.result();
  if (state === 'passed' || state === 'failed') return state;
  // A pending test has no result because a set-up failed.
  if (state === 'pending') return 'failed';
  return test.options.mode === 'run' && isSetUpBroken(test) ? 'failed' : 'skipped';
}

function isSetUpBroken({ parent }: TestCase): boolean {
  for (let at = parent; ; at = at.parent) {
    if (at.errors().length > 0) return true;
    if (at.type === 'module') return false;
  }
}

/** Errors of files, of set-ups and clean-ups, and uncaught errors. The run fails, but no test is counted as failed. */
function outsideOfTests(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): string[] {
  const places = modules.flatMap((module) => [
    ...module.errors().map(({ message }) => `${module.relativeModuleId}: ${message}`),
    ...[...module.children.allSuites()].flatMap((suite) =>
      suite.errors().map(({ message }) => `${module.relativeModuleId}, ${suite.fullName}: ${message}`),
    ),
  ]);
  const unhandled = unhandledErrors.map((error) => `unhandled: ${messageOf(error)}`);
  return [...places, ...unhandled].map((line) => `Failed outside of a test: ${firstLine(line)}`);
}

function messageOf(error: unknown): string {
  return (error as { message?: string } | null)?.message ?? String(error);
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
