import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { awsKeys, type Profile, sourcesFile } from './profile-schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads a sources file. Without one there are no profiles. @throws {Error} that names every fault, and never a value */
export async function readProfiles(
  path: string | undefined,
  env: Environment,
): Promise<ReadonlyMap<string, Profile>> {
  if (path === undefined) return new Map();
  const parsed = sourcesFile.safeParse(parse(await read(path)));
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
  if (error === undefined) return toValue(document);
  const line = text.slice(0, error.pos[0]).split('\n').length;
  throw new Error(`The sources file is neither JSON nor YAML (line ${line}). Correct it (SOURCES_FILE).`);
}

/** Aliases that refer to each other without end are refused. */
function toValue(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS();
  } catch {
    throw new Error('The sources file has too many aliases. Correct it (SOURCES_FILE).');
  }
}
