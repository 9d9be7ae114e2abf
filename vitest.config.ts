import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    reporters: ['default', './test/support/summary-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{unit,browser,contract}/**/*.test.ts'],
        },
      },
      {
        // Real servers, one file at a time: they share two cores with what they test.
        test: {
          name: 'servers',
          include: ['test/{integration,workflow,e2e,faults}/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
