/** "JPEG", "JPEG or PNG", "JPEG, PNG or GIF". */
export function listAlternatives(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`;
}

/** A number for people, with at most four decimal places. */
export function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

/** Enough for any two numbers from 0.01 to 1 that differ. */
const MOST_PLACES = 20;

/**
 * A value and the bound that it misses, with equally many decimal places: as many as the bound has (at least `least`, at most
 * four), and more until the two differ. So a sentence never says "0.29, minimum 0.29".
 */
export function tellApart(value: number, bound: number, least = 2): { value: string; bound: string } {
  let places = least;
  while (places < 4 && Number(bound.toFixed(places)) !== bound) places += 1;
  while (places < MOST_PLACES && value.toFixed(places) === bound.toFixed(places)) places += 1;
  return { value: value.toFixed(places), bound: bound.toFixed(places) };
}

/** "1 byte", "2 bytes". */
export function countOf(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** Most characters of a path in a sentence. */
const MAX_PATH_LENGTH = 120;

/** " (./assets/rocket.jpg)", or the end of a long path. Empty if the path is not known, as in old facts. */
export function inBrackets(path: string | undefined): string {
  if (path === undefined) return '';
  if (path.length <= MAX_PATH_LENGTH) return ` (${path})`;
  return ` (…${path.slice(1 - MAX_PATH_LENGTH).toWellFormed()})`;
}
