import { validate as isUuid } from 'uuid';
import { parseHttpUrl } from '../domain/http/http-url.ts';
import { UsageError } from '../process/program.ts';

/** Reads an option's whole number from `min` to `max`. */
export function numberFrom(option: string, { min, max }: { min: number; max: number }) {
  return (text: string): number => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < min || number > max)
      throw new UsageError(
        `${option} can't be "${text}".`,
        `${option} takes a number from ${min} to ${max}.`,
      );
    return number;
  };
}

/** Reads an option's time. */
export function timeFrom(option: string) {
  return (text: string): Date => {
    const time = new Date(text);
    const year = time.getUTCFullYear();
    if (!(year >= 1970 && year < 9999))
      throw new UsageError(
        `${option} can't be "${text}".`,
        `${option} takes a time like 2026-01-31T12:00:00Z.`,
      );
    return time;
  };
}

/** Reads one of a closed list of values. */
export function oneOf<Value extends string>(option: string, values: readonly Value[]) {
  return (text: string): Value => {
    const value = values.find((one) => one === text);
    if (value === undefined)
      throw new UsageError(`${option} can't be "${text}".`, `${option} takes one of ${values.join(', ')}.`);
    return value;
  };
}

/** The URL as it is stored. The error does not repeat the text, because webhook URLs are secrets. */
export function asUrl(text: string): string {
  const url = parseHttpUrl(text);
  if (url === null)
    throw new UsageError('The URL is not valid.', 'Give an absolute http(s) URL without user info.');
  return url.href;
}

export function asUuid(text: string): string {
  if (!isUuid(text))
    throw new UsageError(
      `The id "${text}" is not a UUID.`,
      'Ids look like 01a20dd4-4390-7886-ae0e-5d9a4a0c4518.',
    );
  return text;
}
