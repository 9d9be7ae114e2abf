import { TestWorkflowEnvironment } from '@temporalio/testing';

/**
 * Downloads the Temporal CLI into the given directory the way the SDK does, by starting and ending a server of it. A
 * program of its own: the download can't be called off, a process can.
 */
const [downloadDir] = process.argv.slice(2);
if (downloadDir === undefined) throw new Error('Give the directory to download to');
const environment = await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'cached-download', downloadDir } },
});
await environment.teardown();
process.exit(0);
