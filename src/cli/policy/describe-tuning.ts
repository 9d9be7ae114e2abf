import type { Errors, Examples, TunedThreshold, Tuning } from '../../domain/tune.ts';
import type { LeftOut } from './measure-examples.ts';

/** A long list of files would hide what comes before it. */
const MOST_FILES = 10;

/** The result for a terminal. Its last line is JSON: the rules of a policy. */
export function describeTuning(
  { good, bad }: Examples,
  { thresholds, chosen, missed }: Tuning,
  leftOut: readonly LeftOut[],
): string {
  const of = ({ threshold, goodRefused, badRefused }: Errors) =>
    `${String(threshold).padEnd(8)} refuses ${goodRefused} of ${good.length} good, ${badRefused} of ${bad.length} bad`;
  const line = ({ rule, byDefault, tuned }: TunedThreshold) =>
    `  ${rule.padEnd(12)} ${tuned === null ? 'no threshold refuses a bad example and no good one' : of(tuned)}\n` +
    `  ${'  by default'.padEnd(12)} ${of(byDefault)}`;
  return [
    `${good.length} good and ${bad.length} bad examples.`,
    ...listOf(
      'Left out',
      leftOut.map(({ path, reason }) => `${path}: ${reason}`),
    ),
    '',
    ...thresholds.map(line),
    '',
    chosen.length === 0
      ? 'No rule tells good and bad examples apart.'
      : `Together, the rules below refuse no good example and ${bad.length - missed.length} of ${bad.length} bad ones.`,
    ...listOf(
      'Missed',
      missed.map(({ name }) => name),
    ),
    '',
    JSON.stringify({ rules: Object.fromEntries(chosen.map(({ rule, threshold }) => [rule, { threshold }])) }),
  ].join('\n');
}

function listOf(what: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length - MOST_FILES;
  return [
    `${what}: ${lines.length}`,
    ...lines.slice(0, MOST_FILES).map((line) => `  ${line}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}
