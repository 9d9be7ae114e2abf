import { activityInfo } from '@temporalio/activity';
import type { RetentionReport } from '../src/domain/ports/retention.ts';
import type { ActivityDeps } from './deps.ts';
import { beating } from './heartbeats.ts';

/** One round of retention, as the Temporal Schedule calls it. It stops in time, and the next round goes on. */
export function createRemoveExpired({ removeExpired }: Pick<ActivityDeps, 'removeExpired'>) {
  return (): Promise<RetentionReport> => {
    const end = performance.now() + activityInfo().startToCloseTimeoutMs / 2;
    return beating(() => removeExpired(() => performance.now() < end));
  };
}
