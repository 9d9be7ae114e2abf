import type { Command } from 'commander';
import { MAX_LIMIT, type KeyLimits, type TenantLimits } from '../domain/ports/limits.ts';
import { numberFrom } from './values.ts';

/** The word that gives a limit back to the level above. */
const DEFAULT = 'default';

/** The options that were given. */
export type GivenLimits<Limits> = { readonly [Name in keyof Limits]?: number | typeof DEFAULT };

export const LIMITS_HELP = `
A limit that is not set is that of the tenant, or else that of the settings (KEY_…, WEBHOOK_…).
"${DEFAULT}" unsets a limit. The API applies a change within 3 s, a worker within a minute.`;

/** Adds the options of a key's limits. An option that is not given leaves its limit as it is. */
export function addKeyLimitOptions(command: Command): Command {
  return command
    .option(...limit('--requests-per-minute', 'requests that a key may make in a minute, in one API process'))
    .option(...limit('--mib-per-minute', 'MiB of request bodies that a key may send in a minute, likewise'))
    .option(...limit('--requests-at-once', 'requests of a key that may be in progress at once, likewise'));
}

export function addTenantLimitOptions(command: Command): Command {
  return addKeyLimitOptions(command)
    .option(
      ...limit(
        '--webhook-events-per-minute',
        'webhook tries that the tenant gets from one worker in a minute',
      ),
    )
    .option(...limit('--webhook-endpoints-max', 'endpoints that the tenant may have'));
}

function limit(option: string, what: string): [string, string, (text: string) => number | typeof DEFAULT] {
  const asNumber = numberFrom(option, { min: 1, max: MAX_LIMIT });
  return [`${option} <n>`, what, (text) => (text === DEFAULT ? DEFAULT : asNumber(text))];
}

/** The limits after a command. Commander does not keep a value that is null, so the word stands for it until here. */
export function changeLimits<Limits extends KeyLimits>(before: Limits, given: GivenLimits<Limits>): Limits {
  const changed = Object.entries(given).map(([name, value]) => [name, value === DEFAULT ? null : value]);
  return { ...before, ...Object.fromEntries(changed) };
}

/** E.g. `requestsPerMinute 600, requestsAtOnce 5`. */
export function describeLimits(limits: KeyLimits | TenantLimits): string {
  const set = Object.entries(limits).flatMap(([name, value]: [string, number | null]) =>
    value === null ? [] : [`${name} ${value}`],
  );
  return set.length === 0 ? 'no limits of its own' : set.join(', ');
}
