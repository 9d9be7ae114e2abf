import { defineConfig } from 'vitest/config';

/** The HTTP suite against a running stack (`BASE_URL`), nothing started here. */
export default defineConfig({
  test: {
    reporters: ['default', './test/support/summary-reporter.ts'],
    include: ['test/e2e/http/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
