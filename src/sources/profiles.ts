import type { Profile, ProfileKind, ProfileOf } from './profile-schema.ts';
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
  let profiles = prepare(await readProfiles(path, env));
  const listeners: (() => void)[] = [];
  return {
    find<Kind extends ProfileKind>(
      kind: Kind,
      { tenant, profile = kind, bucket, name }: Target,
    ): Reached<Kind> {
      const found = profiles.get(profile);
      if (found === undefined || found.profile.kind !== kind || !found.isForTenant(tenant))
        return 'profile_unknown';
      const isReached =
        isPlain(bucket, name) &&
        found.isForBucket(bucket) &&
        (found.profile.prefixes ?? ['']).some((prefix) => name.startsWith(prefix));
      return isReached ? (found.profile as ProfileOf<Kind>) : 'not_found';
    },
    async reload() {
      profiles = prepare(await readProfiles(path, env));
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

interface Prepared {
  readonly profile: Profile;
  readonly isForTenant: (tenant: string) => boolean;
  readonly isForBucket: (bucket: string) => boolean;
}

/** Each request asks for a profile, so its patterns are compiled when the file is read. */
function prepare(profiles: ReadonlyMap<string, Profile>): ReadonlyMap<string, Prepared> {
  return new Map(
    [...profiles].map(([name, profile]) => [
      name,
      { profile, isForTenant: matcherOf(profile.tenants), isForBucket: matcherOf(profile.buckets) },
    ]),
  );
}

/** `*` stands for any characters. */
function matcherOf(given: readonly string[]): (text: string) => boolean {
  const patterns = given.map((each) => new RegExp(`^${each.split('*').map(RegExp.escape).join('.*')}$`, 's'));
  return (text) => patterns.some((pattern) => pattern.test(text));
}
