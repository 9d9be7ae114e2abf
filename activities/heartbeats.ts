import { activityInfo, heartbeat } from '@temporalio/activity';

/** A third of the heartbeat timeout (10 s) that the workflows give. */
const HEARTBEAT_EVERY_MS = 3_000;

/**
 * Does the work and sends heartbeats meanwhile, so that Temporal notices if the worker
 * dies. Local activities need no heartbeat.
 */
export async function beating<Result>(work: () => Promise<Result>): Promise<Result> {
  const beat = activityInfo().isLocal ? undefined : setInterval(heartbeat, HEARTBEAT_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
  }
}
