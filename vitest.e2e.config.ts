import { defineConfig } from 'vitest/config';
import { TEST_MS } from './test/support/deadlines.ts';

/** The HTTP suite against a running stack (`BASE_URL`, by default the one of `make dev` or `make server`). */
export default defineConfig({
  test: {
    env: { BASE_URL: process.env['BASE_URL'] ?? 'http://127.0.0.1:8000' },
    reporters: ['default', './test/support/summary-reporter.ts'],
    include: ['test/e2e/http/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: TEST_MS,
    hookTimeout: TEST_MS,
  },
});
