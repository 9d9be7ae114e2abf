import { posix } from 'node:path';
import type { UnreachableCause } from '../domain/sources/unreachable.ts';
import { type BytePath, readLink } from './byte-path.ts';
import type { Entry, Roots } from './roots.ts';

/** MAXSYMLINKS of Linux. */
const MAX_LINKS = 40;

/**
 * Follows a path from the root on, link by link, and never looks at anything outside the roots. So the cause cannot tell
 * what exists there. Null if the path has no fault on the way to its last name.
 * @throws {NodeJS.ErrnoException} of the first part that cannot be followed
 */
export async function findCause(entry: Entry, roots: Pick<Roots, 'enter'>): Promise<UnreachableCause | null> {
  let place: BytePath = entry.real;
  const parts = [...entry.rest];
  let links = 0;
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    const next = posix.join(place, part);
    if (roots.enter(next) === null) return 'symlink_outside';
    const target = await linkAt(next);
    if (target === null) {
      place = next;
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) return 'loop';
    const led = roots.enter(posix.isAbsolute(target) ? target : `${place}/${target}`);
    if (led === null) return 'symlink_outside';
    place = led.real;
    parts.unshift(...led.rest);
  }
  return null;
}

async function linkAt(path: BytePath): Promise<BytePath | null> {
  try {
    return await readLink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EINVAL') return null;
    throw error;
  }
}
