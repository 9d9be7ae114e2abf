import { defineConfig } from 'vitest/config';
import { TEST_MS } from './test/support/deadlines.ts';

const DEADLINES = { testTimeout: TEST_MS, hookTimeout: TEST_MS };

const ON_SERVERS = {
  ...DEADLINES,
  globalSetup: ['test/support/global-setup.ts'],
  setupFiles: ['test/support/left-over.ts'],
};

/** Tests that take the whole machine, kill processes, or measure what a busy neighbour would change. */
const ALONE = [
  'test/faults/{decoders-killed,faults,postgres-away,processes,rolling-restart}.test.ts',
  'test/e2e/{backpressure,dev-command,graceful-stop,slow-clients}.test.ts',
  'test/workflow/{interrupted,receiver-down,tenant-flood}.test.ts',
  'test/integration/src/dev/**/*.test.ts',
];

export default defineConfig({
  test: {
    reporters: ['default', './test/support/summary-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{unit,browser,contract}/**/*.test.ts'],
          ...DEADLINES,
          // One file for each core. The default leaves one core idle.
          maxWorkers: '100%',
        },
      },
      {
        // Two files at once: each has a database and a namespace of its own, and most of its time it waits.
        test: {
          name: 'servers',
          include: ['test/{integration,workflow,e2e,faults}/**/*.test.ts'],
          exclude: ALONE,
          ...ON_SERVERS,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'servers alone',
          include: ALONE,
          ...ON_SERVERS,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
