import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { LABEL } from '../domain/label.ts';

/**
 * Profiles of the operator: where buckets are, with which credentials, and which tenants reach which of them. Requests name a
 * profile and never carry credentials.
 */
const pattern = z.string().min(1);
const reach = {
  tenants: z.array(pattern).min(1).describe('Tenants that may use it. `*` stands for any characters.'),
  prefixes: z.array(z.string()).min(1).optional().describe('Beginnings of the names that it reaches.'),
};
const buckets = z.array(pattern).min(1).describe('Buckets that it reaches. `*` stands for any characters.');
const fromDefault = z.strictObject({ from: z.literal('default') });
const endpoint = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }).optional();

const awsKeys = z.strictObject({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().min(1).optional(),
});

const s3 = z.strictObject({
  kind: z.literal('s3'),
  endpoint,
  region: z.string().min(1).optional(),
  forcePathStyle: z.boolean().optional(),
  credentials: z.union([
    awsKeys,
    z.strictObject({
      env: z.string().regex(/^[A-Z][A-Z0-9_]*$/, { error: 'must be the prefix of variables' }),
    }),
    fromDefault,
  ]),
  buckets,
  ...reach,
});

const gcs = z.strictObject({
  kind: z.literal('gcs'),
  endpoint,
  credentials: z.union([
    z.strictObject({ keyFile: z.string().min(1) }),
    fromDefault,
    z.strictObject({ anonymous: z.literal(true) }),
  ]),
  buckets,
  ...reach,
});

const azure = z.strictObject({
  kind: z.literal('azure'),
  endpoint,
  credentials: z.union([
    z.strictObject({ account: z.string().min(1), key: z.string().min(1) }),
    z.strictObject({ connectionString: z.string().min(1) }),
    z.strictObject({ account: z.string().min(1).optional(), ...fromDefault.shape }),
  ]),
  buckets,
  ...reach,
});

const file = z.strictObject({
  profiles: z.record(
    z.string().regex(new RegExp(`^${LABEL}$`), { error: 'is no name of a profile' }),
    z.discriminatedUnion('kind', [s3, gcs, azure]),
  ),
});

type Given = z.infer<typeof file>['profiles'][string];
type AwsKeys = z.infer<typeof awsKeys>;

/** A profile with the credentials that it takes from the environment. */
type Profile =
  | Exclude<Given, { kind: 's3' }>
  | (Omit<Extract<Given, { kind: 's3' }>, 'credentials'> & { credentials: AwsKeys | { from: 'default' } });
type ProfileKind = Profile['kind'];
export type ProfileOf<Kind extends ProfileKind> = Extract<Profile, { kind: Kind }>;

/** What a request asks of a profile. `bucket` is a container for Azure. */
interface Target {
  readonly tenant: string;
  readonly profile: string | undefined;
  readonly bucket: string;
  readonly name: string;
}

/** `profile_unknown` and `not_found` say the same of what may not be reached as of what does not exist. */
type Reached<Kind extends ProfileKind> = ProfileOf<Kind> | 'profile_unknown' | 'not_found';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Profiles {
  find<Kind extends ProfileKind>(kind: Kind, target: Target): Reached<Kind>;
  /** Reads the file again. The profiles stay as they are if it is not usable. @throws {Error} that names every fault */
  reload(): Promise<void>;
}

/** Reads the profiles. Without a file there are none. @throws {Error} that names every fault, and never a value */
export async function openProfiles(path: string | undefined, env: Environment): Promise<Profiles> {
  let profiles = await readProfiles(path, env);
  return {
    find<Kind extends ProfileKind>(
      kind: Kind,
      { tenant, profile = kind, bucket, name }: Target,
    ): Reached<Kind> {
      const found = profiles.get(profile);
      if (found === undefined || found.kind !== kind || !found.tenants.some((each) => matches(each, tenant)))
        return 'profile_unknown';
      const isReached =
        found.buckets.some((each) => matches(each, bucket)) &&
        (found.prefixes ?? ['']).some((prefix) => name.startsWith(prefix));
      return isReached ? (found as ProfileOf<Kind>) : 'not_found';
    },
    async reload() {
      profiles = await readProfiles(path, env);
    },
  };
}

async function readProfiles(
  path: string | undefined,
  env: Environment,
): Promise<ReadonlyMap<string, Profile>> {
  if (path === undefined) return new Map();
  const parsed = file.safeParse(parse(await read(path)));
  if (!parsed.success) {
    throw notUsable(
      parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`),
    );
  }
  const faults: string[] = [];
  const profiles = Object.entries(parsed.data.profiles).map(([name, profile]): [string, Profile] => {
    if (profile.kind !== 's3' || !('env' in profile.credentials)) return [name, profile as Profile];
    const { env: prefix } = profile.credentials;
    const parsedKeys = awsKeys.safeParse(keysIn(env, prefix));
    if (!parsedKeys.success)
      faults.push(`profiles.${name}: ${prefix}_ACCESS_KEY_ID and ${prefix}_SECRET_ACCESS_KEY must be set`);
    return [name, { ...profile, credentials: parsedKeys.data ?? { from: 'default' } }];
  });
  if (faults.length > 0) throw notUsable(faults);
  return new Map(profiles);
}

function keysIn(env: Environment, prefix: string) {
  const sessionToken = env[`${prefix}_SESSION_TOKEN`];
  return {
    accessKeyId: env[`${prefix}_ACCESS_KEY_ID`],
    secretAccessKey: env[`${prefix}_SECRET_ACCESS_KEY`],
    ...(sessionToken !== undefined && { sessionToken }),
  };
}

function notUsable(faults: readonly string[]): Error {
  const list = faults.map((fault) => `  ${fault}`).join('\n');
  return new Error(
    `The sources file is not usable. Correct it (SOURCES_FILE, see docs/sources.md):\n${list}`,
  );
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`The sources file ${path} cannot be read (${code}). Correct SOURCES_FILE.`, {
      cause: error,
    });
  }
}

/** JSON is YAML, too. The parser's own message quotes the file, which holds secrets. */
function parse(text: string): unknown {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error === undefined) return document.toJS();
  const line = text.slice(0, error.pos[0]).split('\n').length;
  throw new Error(`The sources file is neither JSON nor YAML (line ${line}). Correct it (SOURCES_FILE).`);
}

/** `*` stands for any characters. */
function matches(given: string, text: string): boolean {
  return new RegExp(`^${given.split('*').map(RegExp.escape).join('.*')}$`, 's').test(text);
}
