import { endBeforeStart } from './check-webhooks.ts';
import type { LogRecord, RecordOf } from './log.ts';
import { type PlannedFault, type Target, TARGETS } from './plan.ts';
import type { Sighting, Violation } from './sightings.ts';

interface FaultFigures {
  readonly target: Target;
  readonly kind: string;
  /** Milliseconds from the first submission. */
  readonly atMs: number;
  readonly forMs: number;
  /** Milliseconds until the program was started again (Postgres, Temporal: until it answered). Null if it was not ended. */
  readonly restartedAfterMs: number | null;
  /** Milliseconds until the next asset became terminal. */
  readonly nextVerdictAfterMs: number | null;
}

export interface Figures {
  readonly seed: number | null;
  readonly submissions: number;
  readonly acknowledged: number;
  readonly notAcknowledged: Readonly<Record<string, number>>;
  /** Assets that exist although their answer was lost. */
  readonly acceptedUnheard: number;
  readonly terminal: number;
  readonly lost: number;
  readonly wrong: number;
  /** Assets whose run began more than once, by the number of times. */
  readonly claims: Readonly<Record<string, number>>;
  readonly lastVerdictAfterLastFaultMs: number | null;
  readonly webhooks: {
    readonly received: number;
    readonly duplicates: number;
    readonly outstanding: number;
    /** Terminal events that had waited for onStart as long as they must, and then went ahead of it. */
    readonly endsAheadOfStart: number;
    readonly lastAfterLastFaultMs: number | null;
  };
  /** Ends of programs that no fault caused. */
  readonly endedByThemselves: Readonly<Record<Target, number>>;
  /** Of the process with the most. Null where the system does not tell. */
  readonly peakMiB: { readonly api: number | null; readonly worker: number | null };
  readonly violations: Readonly<Record<string, number>>;
  readonly faults: readonly FaultFigures[];
}

function isRestart(kind: PlannedFault['kind']): boolean {
  return kind === 'kill' || kind === 'lose_data';
}

/** When the last fault was over; the epoch if there was none. */
export function lastFaultEndedAt(records: readonly LogRecord[]): number {
  return Math.max(0, ...records.map(({ type, at }) => (type === 'fault_ended' ? at : 0)));
}

export function measure(
  records: readonly LogRecord[],
  sightings: readonly Sighting[],
  violations: readonly Violation[],
): Figures {
  const all = <Type extends LogRecord['type']>(type: Type) =>
    records.filter((record): record is RecordOf<Type> => record.type === type);
  const rows = all('row');
  const webhooks = all('webhook');
  const verdictTimes = rows.flatMap(({ finishedAt }) => finishedAt ?? []).sort((a, b) => a - b);
  const lastFaultAt = lastFaultEndedAt(records);
  const since = (time: number | undefined) =>
    time === undefined || lastFaultAt === 0 ? null : Math.round(time - lastFaultAt);
  const begin = all('request')[0]?.at ?? 0;
  const peakOf = (name: string) => all('memory').find(({ program }) => program === name)?.peakMiB ?? null;

  return {
    seed: all('run')[0]?.seed ?? null,
    submissions: sightings.length,
    acknowledged: all('acknowledged').length,
    notAcknowledged: tally(all('not_acknowledged').map(({ reason }) => reason)),
    acceptedUnheard: sightings.filter((one) => one.acknowledged.length === 0 && one.rows.length > 0).length,
    terminal: verdictTimes.length,
    lost: violations.filter(({ rule }) => rule === 'lost').length,
    wrong: violations.filter(({ rule }) => rule === 'wrong').length,
    claims: tally(rows.map(({ claims }) => String(claims))),
    lastVerdictAfterLastFaultMs: since(verdictTimes.at(-1)),
    webhooks: {
      received: webhooks.length,
      duplicates: webhooks.length - new Set(webhooks.map(({ id }) => id)).size,
      outstanding: violations.filter(({ rule }) => rule === 'webhook_missing').length,
      endsAheadOfStart: sightings.filter((one) => endBeforeStart(one)?.isAllowed === true).length,
      lastAfterLastFaultMs: since(webhooks.at(-1)?.at),
    },
    endedByThemselves: Object.fromEntries(
      TARGETS.map((target) => [
        target,
        all('program_ended').filter(({ program, killed }) => program === target && !killed).length,
      ]),
    ) as Record<Target, number>,
    peakMiB: { api: peakOf('api'), worker: peakOf('worker') },
    violations: tally(violations.map(({ rule }) => rule)),
    faults: all('fault_begun').map(({ target, kind, at, forMs }) => {
      const next = verdictTimes.find((time) => time > at);
      const started = all('program_started').find((record) => record.program === target && record.at >= at);
      return {
        target,
        kind,
        atMs: at - begin,
        forMs,
        restartedAfterMs: isRestart(kind) && started !== undefined ? started.at - at : null,
        nextVerdictAfterMs: next === undefined ? null : Math.round(next - at),
      };
    }),
  };
}

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
