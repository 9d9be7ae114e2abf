import type { ProfileKind, ProfileOf } from './profile-schema.ts';
import { type Environment, readProfiles } from './read-profiles.ts';

/** The object that a request wants from a profile. For Azure, `bucket` is the container. */
export interface Target {
  readonly tenant: string;
  readonly profile: string | undefined;
  readonly bucket: string;
  readonly name: string;
}

/** `profile_unknown` and `not_found` say the same of what may not be reached as of what does not exist. */
type Reached<Kind extends ProfileKind> = ProfileOf<Kind> | 'profile_unknown' | 'not_found';

/**
 * Profiles of the operator: where buckets are, with which credentials, and which tenants reach which of them. Requests name a
 * profile and never carry credentials.
 */
export interface Profiles {
  find<Kind extends ProfileKind>(kind: Kind, target: Target): Reached<Kind>;
  /** Reads the file again. The profiles stay as they are if it is not usable. @throws {Error} that names every fault */
  reload(): Promise<void>;
  /** Calls `listener` after the file was read again. All profiles are new objects then. */
  onReload(listener: () => void): void;
}

/** Reads the profiles. Without a file there are none. @throws {Error} that names every fault, and never a value */
export async function openProfiles(path: string | undefined, env: Environment): Promise<Profiles> {
  let profiles = await readProfiles(path, env);
  const listeners: (() => void)[] = [];
  return {
    find<Kind extends ProfileKind>(
      kind: Kind,
      { tenant, profile = kind, bucket, name }: Target,
    ): Reached<Kind> {
      const found = profiles.get(profile);
      if (found === undefined || found.kind !== kind || !found.tenants.some((each) => matches(each, tenant)))
        return 'profile_unknown';
      const isReached =
        isPlain(bucket, name) &&
        found.buckets.some((each) => matches(each, bucket)) &&
        (found.prefixes ?? ['']).some((prefix) => name.startsWith(prefix));
      return isReached ? (found as ProfileOf<Kind>) : 'not_found';
    },
    async reload() {
      profiles = await readProfiles(path, env);
      for (const listener of listeners) listener();
    },
    onReload: (listener) => void listeners.push(listener),
  };
}

/** The characters of names of buckets and containers. Azure has `$root`, `$web` and `$logs`. */
const BUCKET = /^\$?[\w.-]+$/;

/** Some servers take `..` for the folder above, also with `\`. There it would lead out of the prefix, or out of the bucket. */
function isPlain(bucket: string, name: string): boolean {
  return (
    BUCKET.test(bucket) && ![bucket, ...name.split(/[/\\]/)].some((part) => part === '.' || part === '..')
  );
}

/** `*` stands for any characters. */
function matches(given: string, text: string): boolean {
  return new RegExp(`^${given.split('*').map(RegExp.escape).join('.*')}$`, 's').test(text);
}
