import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const KEY_FILE = 'secrets.key';
const STACK_FILE = 'stack.json';

/** The key of this data directory, made at the first start. */
export async function ownSecretsKey(dataDir: string): Promise<string> {
  const file = join(dataDir, KEY_FILE);
  await writeFile(file, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
  return readFile(file, 'utf8');
}

/** The variables that `npm run cli` in another terminal needs to reach this stack. */
const REMEMBERED = ['DATABASE_URL', 'SECRETS_KEY', 'SECRETS_KEY_FILE'];

/** Readable by its owner only. */
export async function rememberStack(dataDir: string, env: NodeJS.ProcessEnv): Promise<void> {
  const variables = Object.fromEntries(REMEMBERED.map((name) => [name, env[name]]));
  await writeFile(join(dataDir, STACK_FILE), JSON.stringify(variables), { mode: 0o600 });
}

/** The variables of the stack. Empty if no stack was ever started there. */
export function recallStack(dataDir: string): NodeJS.ProcessEnv {
  try {
    return JSON.parse(readFileSync(join(dataDir, STACK_FILE), 'utf8')) as NodeJS.ProcessEnv;
  } catch {
    return {};
  }
}
