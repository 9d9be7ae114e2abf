import { CASES, type Case } from './cases.ts';
import { createRandom } from './random.ts';

export const TARGETS = ['api', 'worker', 'temporal', 'postgres'] as const;
export type Target = (typeof TARGETS)[number];

/**
 * kill       SIGKILL; the program is started again
 * stop       SIGSTOP, and SIGCONT after `forMs`
 * lose_data  SIGKILL; the program is started again on an empty directory
 * step_clock the program's wall clock steps by an hour, until the program ends
 * flood      the receivers of another tenant answer without end, for `forMs`
 * old_worker a worker of the older version runs beside the other, for `forMs`
 * slow_names another tenant has webhooks to names whose DNS never answers, for `forMs`
 */
type FaultKind = 'kill' | 'stop' | 'lose_data' | 'step_clock' | 'old_worker' | 'flood' | 'slow_names';

export interface PlannedFault {
  /** What it happens to. What another tenant does happens to the worker. */
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
  /** How often the clocks of API and worker step. */
  readonly clockSteps: number;
  /** How long a worker of the older version runs, once, in milliseconds. */
  readonly oldWorkerMs: number;
  /** How often another tenant floods, and names slow names, and how long each time, in milliseconds. */
  readonly attacks: number;
  readonly attackMs: number;
}

/** The full run: 2,000 submissions at 15/s. */
export const FULL: Severity = {
  kills: { api: 20, worker: 20, temporal: 5, postgres: 5 },
  workerStopMs: 60_000,
  temporalLosses: 2,
  clockSteps: 5,
  oldWorkerMs: 40_000,
  attacks: 2,
  attackMs: 20_000,
};

/** One of each. The stop is longer than a workflow task may take (5 s), so another worker gets its work. */
export const SHORT: Severity = {
  kills: { api: 1, worker: 1, temporal: 1, postgres: 1 },
  workerStopMs: 7_000,
  temporalLosses: 0,
  clockSteps: 1,
  oldWorkerMs: 7_000,
  attacks: 1,
  attackMs: 2_000,
};

export interface Plan {
  readonly seed: number;
  /** Submissions a second. */
  readonly rate: number;
  /** By how much clocks step, in milliseconds: back or ahead. */
  readonly clockStepMs: number;
  readonly submissions: readonly Case[];
  /** In the order of their times. */
  readonly faults: readonly PlannedFault[];
}

/** An hour. */
const CLOCK_STEP_MS = 3_600_000;

/** Draws all random parts of a run from its seed. @throws {RangeError} if the stop does not fit into the run */
export function makePlan(
  { seed, rate, submissions }: { seed: number; rate: number; submissions: number },
  { kills, workerStopMs, temporalLosses, clockSteps, oldWorkerMs, attacks, attackMs }: Severity,
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
  for (const target of ['api', 'worker'] as const) {
    for (let index = 0; index < clockSteps; index += 1)
      faults.push({ target, kind: 'step_clock', atMs: Math.round(random() * lengthMs), forMs: 0 });
  }
  const oldAtMs = Math.round(random() * (lengthMs - oldWorkerMs));
  faults.push({ target: 'worker', kind: 'old_worker', atMs: oldAtMs, forMs: oldWorkerMs });
  for (const kind of ['flood', 'slow_names'] as const) {
    for (let index = 0; index < attacks; index += 1) {
      const atMs = Math.round(random() * (lengthMs - attackMs));
      faults.push({ target: 'worker', kind, atMs, forMs: attackMs });
    }
  }
  return {
    seed,
    rate,
    clockStepMs: random() < 0.5 ? -CLOCK_STEP_MS : CLOCK_STEP_MS,
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
