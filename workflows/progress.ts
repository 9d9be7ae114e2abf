import type { TimedStepResult } from '../activities/step.ts';
import { pendingSteps, type StepName, type StepRecord } from '../src/domain/steps.ts';
import { failsAsset } from '../src/domain/image-notes.ts';

/** The state of each step so far. The query `status` answers with it, and in the end it becomes part of the row. */
export interface Progress {
  steps(): StepRecord[];
  start(name: StepName, now: string): void;
  /** The local tries are used up, and regular ones follow. */
  trouble(name: StepName, message: string, tries: number): void;
  finish(name: StepName, result: TimedStepResult): void;
  /** The step itself could not be carried out. */
  fail(name: StepName, now: string, message: string): void;
  skip(name: StepName): void;
  /** Nothing runs any more, so steps that have not ended are skipped. */
  close(): void;
  /** Calls `onChange` again, e.g. because the asset's state has changed. */
  show(): void;
}

/** Tracks the steps `names`, and calls `onChange` with all of them at every change. */
export function createProgress(
  names: readonly StepName[],
  onChange: (steps: StepRecord[]) => void,
): Progress {
  const records = new Map<StepName, StepRecord>(pendingSteps(names).map((step) => [step.name, step]));

  function change(name: StepName, changes: Partial<StepRecord>): void {
    const record = records.get(name);
    if (record !== undefined) records.set(name, { ...record, ...changes });
    show();
  }

  function show(): void {
    onChange([...records.values()]);
  }

  return {
    steps: () => [...records.values()],
    start: (name, now) => change(name, { state: 'running', attempts: 1, startedAt: now }),
    trouble: (name, message, tries) => change(name, { attempts: tries, error: message }),
    finish(name, { findings, isUnknown, startedAt, finishedAt, durationMs, attempt }) {
      const { attempts = 0, error = null } = records.get(name) ?? {};
      const localTries = error === null ? 0 : attempts;
      change(name, {
        state: isUnknown ? 'skipped' : findings.some(failsAsset) ? 'failed' : 'passed',
        attempts: localTries + attempt,
        startedAt,
        finishedAt,
        durationMs,
        error: null,
      });
    },
    fail: (name, now, message) => change(name, { state: 'failed', finishedAt: now, error: message }),
    skip: (name) => change(name, { state: 'skipped' }),
    close() {
      for (const name of names) {
        const state = records.get(name)?.state;
        if (state === 'pending' || state === 'running') change(name, { state: 'skipped' });
      }
    },
    show,
  };
}

const MARKS = { pending: '○', running: '◐', passed: '✓', failed: '✗', skipped: '–' } as const;

/** Markdown for the Web UI's "current details". */
export function describeSteps(steps: readonly StepRecord[]): string {
  return steps
    .map(({ name, state, attempts, error }) => {
      const tries = attempts > 1 ? `, ${attempts} tries` : '';
      return `- ${MARKS[state]} **${name}** ${state}${tries}${error === null ? '' : `: ${error}`}`;
    })
    .join('\n');
}
