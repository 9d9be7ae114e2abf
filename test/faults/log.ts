import { appendFileSync, writeFileSync } from 'node:fs';
import type { NotificationKey } from '../../src/domain/asset.ts';
import type { Expected } from './cases.ts';
import type { PlannedFault, Target } from './plan.ts';

/**
 * One observation of a run, one JSON line each. The checker needs nothing else. `at` is the runner's clock, in milliseconds
 * since 1970. `submission` counts from 0.
 */
export type LogRecord = { readonly at: number } & (
  | {
      readonly type: 'run';
      readonly seed: number;
      readonly rate: number;
      readonly submissions: number;
      readonly faults: number;
      /** By how much the clocks of API and worker step. */
      readonly clockStepMs: number;
      /** The machine's pace when the run began (`machine-pace.ts`). */
      readonly slowness: number;
    }
  | {
      readonly type: 'request';
      readonly submission: number;
      readonly path: string;
      /** Keys with a valid URL. */
      readonly usable: readonly NotificationKey[];
      readonly expected: Expected;
    }
  | { readonly type: 'acknowledged'; readonly submission: number; readonly id: string }
  /** No 202 came. The asset may exist all the same, because its answer may have been lost. */
  | { readonly type: 'not_acknowledged'; readonly submission: number; readonly reason: string }
  | {
      readonly type: 'webhook';
      readonly url: string;
      readonly id: string | null;
      readonly timestamp: string | null;
      readonly signature: string | null;
      readonly body: string;
    }
  | ({ readonly type: 'fault_begun'; readonly fault: number } & PlannedFault)
  | { readonly type: 'fault_ended'; readonly fault: number }
  | { readonly type: 'program_started'; readonly program: Target }
  /** `killed`: by a fault. Otherwise it ended by itself. */
  | {
      readonly type: 'program_ended';
      readonly program: Target;
      readonly killed: boolean;
      readonly end: string;
    }
  /** The most resident memory that a process of the program has had. Missing where the system does not tell. */
  | { readonly type: 'memory'; readonly program: 'api' | 'worker'; readonly peakMiB: number }
  | { readonly type: 'secret'; readonly endpoint: string; readonly secret: string }
  | {
      readonly type: 'row';
      readonly id: string;
      readonly submission: number | null;
      readonly state: string;
      /** As JSON, in the bytes that a client reads. */
      readonly errors: string | null;
      readonly attempt: number;
      /** How often a run of the asset began. More than once means that a run was cut off. */
      readonly claims: number;
      /** The time when its run claimed it and onStart was due. */
      readonly startedAt: number | null;
      readonly finishedAt: number | null;
    }
);

export type RecordOf<Type extends LogRecord['type']> = Extract<LogRecord, { readonly type: Type }>;

type Unstamped<Stamped> = Stamped extends unknown ? Omit<Stamped, 'at'> : never;

export interface Log {
  readonly records: readonly LogRecord[];
  add(record: Unstamped<LogRecord>): void;
}

/** Kept in memory and, line by line, in the file, so an interrupted run leaves its observations. */
export function openLog(file: string): Log {
  const records: LogRecord[] = [];
  writeFileSync(file, '');
  return {
    records,
    add(unstamped) {
      const record = { at: Date.now(), ...unstamped } as LogRecord;
      records.push(record);
      appendFileSync(file, `${JSON.stringify(record)}\n`);
    },
  };
}
