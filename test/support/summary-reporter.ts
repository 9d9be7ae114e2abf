import type { Reporter, TestModule } from 'vitest/node';

/** Ends the run with one line that scripts can read: `N passed, N failed`; before it, why tests skipped themselves. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let skipped = 0;
    const reasons: string[] = [];
    let failed = unhandledErrors.length;
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') passed += 1;
        else if (result.state === 'skipped') {
          skipped += 1;
          if (result.note !== undefined) reasons.push(`Skipped: ${test.fullName} (${result.note})`);
        } else failed += 1;
      }
    }
    // After the other reporters' lines, which are written in this same turn.
    process.once('exit', () => {
      process.stdout.write(
        `${reasons.map((reason) => `\n${reason}`).join('')}\n${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}\n`,
      );
    });
  }
}
