import { defineConfig } from 'vitest/config';
import { TEST_MS } from './test/support/deadlines.ts';

const DEADLINES = { testTimeout: TEST_MS, hookTimeout: TEST_MS };

export default defineConfig({
  test: {
    reporters: ['default', './test/support/summary-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{unit,browser,contract}/**/*.test.ts'],
          ...DEADLINES,
        },
      },
      {
        // Real servers. Files run one at a time, because the servers share two cores with the tests.
        test: {
          name: 'servers',
          include: ['test/{integration,workflow,e2e,faults}/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          setupFiles: ['test/support/left-over.ts'],
          fileParallelism: false,
          ...DEADLINES,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
