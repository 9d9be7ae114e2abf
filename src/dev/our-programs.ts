import { fileURLToPath } from 'node:url';
import { NODE_FLAGS } from './node-flags.ts';
import { type ProgramOptions, rememberLines, startProgram } from './program.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** `migrate` waits a minute for Postgres, and then reports that itself. */
const MIGRATE_TIMEOUT_MS = 120_000;

/** The command that runs one of our programs as a process of its own, with the flags of production. */
export function ourProgram(name: 'api' | 'worker' | 'migrate') {
  const flags = name === 'migrate' ? [] : NODE_FLAGS[name];
  return { command: process.execPath, args: [...flags, `src/bin/${name}.ts`], cwd: ROOT };
}

interface LoopbackStack {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly port: number;
}

/** Variables of a stack that tests and benches reach on loopback: without keys, with receivers on this machine. */
export function loopbackEnvironment({ databaseUrl, temporalAddress, port }: LoopbackStack) {
  return {
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    AUTH: 'disabled',
    EGRESS_ALLOW: '127.0.0.0/8',
    SECRETS_KEY: Buffer.alloc(32, 'test').toString('base64'),
    PORT: String(port),
    DRAIN_DELAY_S: '0',
  };
}

/** Brings the database of `env.DATABASE_URL` to our schema. @throws with the last lines of the program that failed */
export async function migrateDatabase({
  env,
  onLine,
  track,
}: Pick<ProgramOptions, 'env' | 'track'> & Partial<Pick<ProgramOptions, 'onLine'>>): Promise<void> {
  const last = rememberLines(20);
  const migration = await startProgram({
    ...ourProgram('migrate'),
    ...(env === undefined ? {} : { env }),
    onLine(line) {
      last.add(line);
      onLine?.(line);
    },
    track,
  });
  const timeout = setTimeout(() => void migration.stop('SIGTERM', 5_000), MIGRATE_TIMEOUT_MS);
  const end = await migration.ended;
  clearTimeout(timeout);
  if (end !== 0) throw new Error(`The database could not be migrated:\n${last.text()}`);
}

/** Waits until Postgres, Temporal and a worker were there. @throws with the parts that are missing after `timeoutMs` */
export function waitUntilStarted(baseUrl: string, timeoutMs?: number): Promise<void> {
  return waitUntilOk(`${baseUrl}/startupz`, timeoutMs);
}

/** Waits until an API accepts, whatever else is missing. @throws with the parts that are missing after `timeoutMs` */
export function waitUntilServing(baseUrl: string, timeoutMs?: number): Promise<void> {
  return waitUntilOk(`${baseUrl}/readyz`, timeoutMs);
}

async function waitUntilOk(url: string, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok === true) return;
    if (performance.now() > deadline) {
      const why = answer === null ? 'The API does not answer.' : await answer.text();
      throw new Error(`Not ready within ${timeoutMs / 1000} s: ${why}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
