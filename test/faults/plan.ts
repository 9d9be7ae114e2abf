import { CASES, type Case } from './cases.ts';
import { createRandom } from './random.ts';

export const TARGETS = ['api', 'worker', 'temporal', 'postgres'] as const;
export type Target = (typeof TARGETS)[number];

/**
 * kill       SIGKILL; the program is started again
 * stop       SIGSTOP, and SIGCONT after `forMs`
 * lose_data  SIGKILL; the program is started again on an empty directory
 */
type FaultKind = 'kill' | 'stop' | 'lose_data';

export interface PlannedFault {
  readonly target: Target;
  readonly kind: FaultKind;
  /** Milliseconds from the first submission. */
  readonly atMs: number;
  /** Milliseconds until it is over; 0 for what is over at once. */
  readonly forMs: number;
}

/** How many faults a run has. */
export interface Severity {
  readonly kills: Readonly<Record<Target, number>>;
  /** How long the worker is stopped, once, in milliseconds. */
  readonly workerStopMs: number;
  /** How often Temporal loses all its data. */
  readonly temporalLosses: number;
}

/** The full run: 2,000 submissions at 15/s. */
export const FULL: Severity = {
  kills: { api: 20, worker: 20, temporal: 5, postgres: 5 },
  workerStopMs: 60_000,
  temporalLosses: 2,
};

/** One of each. The stop is longer than a workflow task may take (5 s), so another worker gets its work. */
export const SHORT: Severity = {
  kills: { api: 1, worker: 1, temporal: 1, postgres: 1 },
  workerStopMs: 7_000,
  temporalLosses: 0,
};

export interface Plan {
  readonly seed: number;
  /** Submissions a second. */
  readonly rate: number;
  readonly submissions: readonly Case[];
  /** In the order of their times. */
  readonly faults: readonly PlannedFault[];
}

/** Draws all random parts of a run from its seed. @throws {RangeError} if the stop does not fit into the run */
export function makePlan(
  { seed, rate, submissions }: { seed: number; rate: number; submissions: number },
  { kills, workerStopMs, temporalLosses }: Severity,
): Plan {
  const random = createRandom(seed);
  const lengthMs = (submissions / rate) * 1000;
  if (lengthMs <= workerStopMs)
    throw new RangeError(
      `${submissions} submissions at ${rate}/s end before a stop of ${workerStopMs / 1000} s`,
    );

  const stopAtMs = random() * (lengthMs - workerStopMs);
  const faults: PlannedFault[] = [
    { target: 'worker', kind: 'stop', atMs: Math.round(stopAtMs), forMs: workerStopMs },
  ];
  for (const target of TARGETS) {
    for (let index = 0; index < kills[target]; index += 1) {
      let atMs = random() * lengthMs;
      if (target === 'worker') {
        // A stopped worker that is killed is replaced at once, so its stop would be over.
        atMs = random() * (lengthMs - workerStopMs);
        if (atMs >= stopAtMs) atMs += workerStopMs;
      }
      faults.push({ target, kind: 'kill', atMs: Math.round(atMs), forMs: 0 });
    }
  }
  for (let index = 0; index < temporalLosses; index += 1)
    faults.push({ target: 'temporal', kind: 'lose_data', atMs: Math.round(random() * lengthMs), forMs: 0 });
  return {
    seed,
    rate,
    submissions: Array.from({ length: submissions }, () => drawCase(random)),
    faults: faults.sort((a, b) => a.atMs - b.atMs),
  };
}

const TOTAL_WEIGHT = CASES.reduce((sum, { weight }) => sum + weight, 0);

function drawCase(random: () => number): Case {
  let left = random() * TOTAL_WEIGHT;
  for (const drawn of CASES) {
    left -= drawn.weight;
    if (left < 0) return drawn;
  }
  throw new RangeError('random() gave 1 or more');
}
