import { checkSignatures } from './check-signatures.ts';
import { checkVerdicts } from './check-verdicts.ts';
import { checkIds, checkWebhooks } from './check-webhooks.ts';
import { type Figures, lastFaultEndedAt, measure } from './figures.ts';
import type { LogRecord, RecordOf } from './log.ts';
import { gatherSightings, type Sighting, type Violation } from './sightings.ts';

/** After the last fault, every asset has to be terminal within this time, on a quiet machine. */
const ALL_TERMINAL_WITHIN_MS = 60_000;

/** Memory of one process, whatever happens. */
const MOST_MIB = { api: 300, worker: 700 };

export interface Report {
  readonly figures: Figures;
  readonly violations: readonly Violation[];
}

/** Checks from a log alone that a run showed all that it had to. */
export function checkLog(records: readonly LogRecord[]): Report {
  const run = records.find((record): record is RecordOf<'run'> => record.type === 'run');
  const { sightings, strays } = gatherSightings(records);
  const dueAt = lastFaultEndedAt(records) + ALL_TERMINAL_WITHIN_MS * (run?.slowness ?? 1);
  const violations = [
    ...checkCompleteness(records, run, sightings),
    ...sightings.flatMap((sighting) => checkVerdicts(sighting, dueAt)),
    ...sightings.flatMap(checkWebhooks),
    ...checkIds(sightings),
    ...checkSignatures(sightings, records),
    ...checkMemory(records),
    ...strays.map(
      (stray): Violation => ({
        rule: stray.type === 'row' ? 'doubled' : 'webhook_unexpected',
        submission: null,
        detail: `belongs to no submission: ${JSON.stringify(stray)}`,
      }),
    ),
  ];
  return { figures: measure(records, sightings, violations), violations };
}

function checkMemory(records: readonly LogRecord[]): Violation[] {
  return records.flatMap((record) =>
    record.type === 'memory' && record.peakMiB > MOST_MIB[record.program]
      ? [
          {
            rule: 'memory',
            submission: null,
            detail: `${record.program} took ${record.peakMiB} MiB`,
          } as const,
        ]
      : [],
  );
}

/** Checks that no part of the log is missing, because a missing part proves nothing. */
function checkCompleteness(
  records: readonly LogRecord[],
  run: RecordOf<'run'> | undefined,
  sightings: readonly Sighting[],
): Violation[] {
  const incomplete = (detail: string): Violation => ({ rule: 'incomplete_log', submission: null, detail });
  if (run === undefined) return [incomplete('it does not say what was run')];
  const count = (type: LogRecord['type']) => records.filter((record) => record.type === type).length;
  const unanswered = sightings.filter(({ isAnswered }) => !isAnswered).length;
  return [
    ...(sightings.length === run.submissions
      ? []
      : [incomplete(`${sightings.length} of ${run.submissions} submissions were made`)]),
    ...(unanswered === 0 ? [] : [incomplete(`${unanswered} submissions have no outcome`)]),
    ...(['fault_begun', 'fault_ended'] as const)
      .filter((type) => count(type) !== run.faults)
      .map((type) => incomplete(`${count(type)} of ${run.faults} faults have ${type}`)),
  ];
}
