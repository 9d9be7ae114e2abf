import type { RecordOf } from './log.ts';
import type { Sighting, Violation } from './sightings.ts';

const TERMINAL = new Set(['complete', 'failed', 'canceled']);

/**
 * Checks that each acknowledged asset is terminal in time, with one row a request, one attempt, and the expected verdict byte
 * for byte. An asset whose answer was lost may be missing. If it is there, the rest holds for it as well.
 */
export function checkVerdicts(
  { submission, request, acknowledged, rows }: Sighting,
  dueAt: number,
): Violation[] {
  const violations: Violation[] = [];
  const report = (rule: Violation['rule'], detail: string) => violations.push({ rule, submission, detail });

  for (const id of acknowledged) {
    if (!rows.some((row) => row.id === id)) report('lost', `${id} was acknowledged and is not there`);
  }
  if (rows.length > 1) report('doubled', `one request made ${rows.length} assets`);
  for (const row of rows) {
    if (!TERMINAL.has(row.state)) {
      const rule = acknowledged.includes(row.id) ? 'lost' : 'unfinished';
      report(rule, `${row.id} is ${row.state}`);
      continue;
    }
    if (row.attempt !== 1) report('second_attempt', `${row.id} is at attempt ${row.attempt}`);
    for (const detail of compareVerdict(row, request)) report('wrong', detail);
    if (row.finishedAt === null || row.finishedAt > dueAt) {
      const lateMs = row.finishedAt === null ? 'unknown' : Math.round(row.finishedAt - dueAt);
      report('late', `${row.id} ended ${lateMs} ms after the bound`);
    }
  }
  return violations;
}

function compareVerdict(row: RecordOf<'row'>, { path, expected }: RecordOf<'request'>): string[] {
  const errors = expected.errors === null ? null : JSON.stringify(expected.errors);
  if (row.state === expected.state && row.errors === errors) return [];
  return [
    `${row.id} (${path}) is ${row.state} with ${row.errors}; expected ${expected.state} with ${errors}`,
  ];
}
