import type { Check, Measured } from './checks/check.ts';
import { round, tellApart } from './checks/words.ts';

/** A placeholder such as `{score}`. `{rule.width}` is the setting, if a measured value has the same name. */
const PLACEHOLDER = /\{([\w.]+)\}/g;

/** The names that a rule's message may use: the values in the check's findings, and the rule's settings. */
function namesOf({ shows, settings }: Check, rule: object): string[] {
  const set = Object.keys(settings).filter((name) => name in rule);
  return [...shows, ...set.filter((name) => !shows.includes(name)), ...set.map((name) => `rule.${name}`)];
}

/** The fault of a rule's own message, or null. It is reported when a version is made, because a version never changes. */
export function faultOf(message: string, check: Check, rule: object): string | null {
  const names = namesOf(check, rule);
  const strange = [...message.matchAll(PLACEHOLDER)].find(([, name = '']) => !names.includes(name));
  if (strange === undefined) return null;
  const known = names.length === 0 ? 'none' : names.map((name) => `{${name}}`).join(', ');
  return `${strange[0]} is not a placeholder of this rule; allowed: ${known}`;
}

/** Shown for a value that an old finding lacks. */
const UNKNOWN = 'unknown';

/** Most characters of a filled message. It is limited because a setting can be a long list, shown many times. */
const MAX_LENGTH = 1_000;

/** A rule's own message, filled with measured values and settings, in at most 1,000 characters. */
export function fillIn(message: string, check: Check, rule: object, measured: Measured): string {
  const values = new Map<string, unknown>([
    ...Object.entries(rule),
    ...Object.entries(measured),
    ...Object.entries(rule).map(([name, value]) => [`rule.${name}`, value] as const),
  ]);
  const names = namesOf(check, rule);
  const scores = tellScores(measured['score'], (rule as { threshold?: unknown }).threshold);
  const filled = message.replace(PLACEHOLDER, (placeholder, name: string) =>
    names.includes(name) ? (scores?.get(name) ?? write(values.get(name) ?? UNKNOWN)) : placeholder,
  );
  return filled.length <= MAX_LENGTH ? filled : `${filled.slice(0, MAX_LENGTH - 1).toWellFormed()}…`;
}

/** Score and threshold, if four places would show them as equal. Null otherwise. */
function tellScores(score: unknown, threshold: unknown): ReadonlyMap<string, string> | null {
  if (typeof score !== 'number' || typeof threshold !== 'number' || round(score) !== round(threshold))
    return null;
  const { value, bound } = tellApart(score, threshold);
  return new Map([
    ['score', value],
    ['threshold', bound],
    ['rule.threshold', bound],
  ]);
}

function write(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'number' ? String(round(value)) : String(value);
}
