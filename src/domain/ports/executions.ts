import type { AssetState } from '../asset.ts';
import type { StepRecord } from '../steps.ts';

/** Questions about workflow executions. */
export interface Executions {
  /** True if `runId` came from a reset and is the current run of its workflow. */
  isCurrentResetRun(workflowId: string, runId: string): Promise<boolean>;
  /** The answer of the running workflow. Null if none comes within 1 s. */
  queryStatus(assetId: string): Promise<LiveStatus | null>;
}

export interface LiveStatus {
  readonly id: string;
  readonly state: AssetState;
  readonly attempt: number;
  readonly steps: readonly StepRecord[];
}
