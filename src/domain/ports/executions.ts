import type { AssetState } from '../asset.ts';
import type { StepRecord } from '../steps.ts';

/** Questions about workflow executions. */
export interface Executions {
  /** True if `runId` came from a reset and is the current run of its workflow. */
  isCurrentResetRun(workflowId: string, runId: string): Promise<boolean>;
  /**
   * The answer of the workflow that holds the asset. `heldBy` is its id; null before the asset is dispatched. Null if no
   * answer comes within 1 s.
   */
  queryStatus(assetId: string, heldBy: string | null): Promise<LiveStatus | null>;
}

export interface LiveStatus {
  readonly id: string;
  readonly state: AssetState;
  readonly attempt: number;
  readonly steps: readonly StepRecord[];
}
