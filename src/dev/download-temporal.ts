import { TestWorkflowEnvironment } from '@temporalio/testing';

/**
 * Downloads the Temporal CLI into the given directory as the SDK does: it starts and ends a server. This is a program of its
 * own, because the download can't be called off, but a process can.
 */
const [downloadDir] = process.argv.slice(2);
if (downloadDir === undefined) throw new Error('Give the directory to download to');
const environment = await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'cached-download', downloadDir } },
});
await environment.teardown();
process.exit(0);
