import { readFileSync } from 'node:fs';
import { type Config, ConfigError } from '../config.ts';
import { AppError } from '../domain/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { redact } from '../telemetry/redact.ts';
import { openRoots, type Roots } from '../sources/roots.ts';
import { type AddressGuard, createAddressGuard } from '../network/address-guard.ts';
import { endProcess } from './end-process.ts';
import { createSecretBox, type SecretBox } from '../webhooks/secret-box.ts';

/** Exit code of a program that would fail again in the same way, so a supervisor need not restart it. */
const EXIT_CONFIG = 2;

/** A reason why a program can't run. The message is complete, so no stack is shown with it. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun';
  readonly exitCode: number;

  constructor(message: string, exitCode = EXIT_CONFIG) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The command line was wrong. The message has two lines: what is wrong, and what to do. */
export class UsageError extends CannotRun {
  constructor(what: string, whatToDo: string) {
    super(`${what}\n${whatToDo}`);
  }
}

/** Runs a program's main function. An error that it throws ends the process. */
export async function runProgram(name: string, main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    endProgram(name, error);
  }
}

/** Ends the process. A configuration error is shown as one readable message, an unexpected error with its stack. */
function endProgram(name: string, error: unknown): never {
  const { text, exitCode, isExpected } = describeFailure(error);
  const shown = isExpected
    ? `: ${text}`
    : ` failed: ${error instanceof Error ? (error.stack ?? text) : String(error)}`;
  process.stderr.write(redact(`validatr ${name}${shown}\n`));
  process.exit(exitCode);
}

interface ProgramFailure {
  /** Complete if the failure is expected: what is wrong, and what to do. */
  readonly text: string;
  readonly exitCode: number;
  readonly isExpected: boolean;
}

export function describeFailure(error: unknown): ProgramFailure {
  if (error instanceof ConfigError || error instanceof CannotRun)
    return {
      text: error.message,
      exitCode: error instanceof CannotRun ? error.exitCode : EXIT_CONFIG,
      isExpected: true,
    };
  if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
    return { text: `${error.message}. See --help.`, exitCode: EXIT_CONFIG, isExpected: true };
  if (error instanceof AppError && error.code !== 'internal') {
    const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
    return { text: `${error.message}${cause}`, exitCode: 1, isExpected: true };
  }
  return { text: 'an unexpected error', exitCode: 1, isExpected: false };
}

export function requireDatabaseUrl({ DATABASE_URL: url }: Config): string {
  if (url !== undefined) return url;
  throw new ConfigError(
    '  DATABASE_URL is not set. Give the URL of a Postgres database, or use `npm run dev`, which brings its own.',
  );
}

/** @throws {ConfigError} if there is no usable key. No message repeats the key. */
export function requireSecretBox({ SECRETS_KEY: given, SECRETS_KEY_FILE: file }: Config): SecretBox {
  const text = given ?? (file === undefined ? undefined : readKeyFile(file));
  if (text === undefined) {
    throw new ConfigError(
      '  SECRETS_KEY is not set. Webhook secrets are encrypted with it: make one by `openssl rand -base64 32` and keep it.',
    );
  }
  try {
    return createSecretBox(
      text
        .trim()
        .split(',')
        .map((key) => Buffer.from(key.trim(), 'base64')),
    );
  } catch {
    throw new ConfigError('  SECRETS_KEY must be 32 bytes in base64: make one by `openssl rand -base64 32`.');
  }
}

/** Logs which blocks are allowed beyond public addresses. @throws {ConfigError} with the block that is not valid */
export function requireAddressGuard(config: Config, logger: Logger): AddressGuard {
  const isAllowed = checkAddressGuard(config);
  const { EGRESS_ALLOW: blocks } = config;
  if (blocks.length > 0)
    logger.warn({ egressAllow: blocks }, 'webhooks and assets may reach addresses that are not public');
  return isAllowed;
}

/** @throws {ConfigError} with the block that is not valid */
export function checkAddressGuard({ EGRESS_ALLOW: blocks }: Config): AddressGuard {
  try {
    return createAddressGuard(blocks);
  } catch (error) {
    throw new ConfigError(
      `  EGRESS_ALLOW is not usable: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}

/** @throws {CannotRun} if a root is missing. Its exit code asks for another start, because a share may be mounted late */
export async function requireRoots({ assetRoots }: Config, logger?: Logger): Promise<Roots> {
  try {
    return await openRoots(assetRoots, {
      onChange(root, trouble) {
        if (trouble === null) logger?.info({ root }, 'the asset root is back');
        else logger?.error({ root }, `an asset root is ${trouble}: assets wait until it is back`);
      },
    });
  } catch (error) {
    throw new CannotRun(error instanceof Error ? error.message : String(error), 1);
  }
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(
      `  SECRETS_KEY_FILE cannot be read (${(error as NodeJS.ErrnoException).code}): ${path}.`,
    );
  }
}

/**
 * Ctrl-C reaches a process twice when npm runs it, because the terminal sends it and npm passes it on. A signal that comes
 * later than this is from a person who does not want to wait.
 */
const ECHO_MS = 1_000;

/** Calls `stop` at the first signal. A later signal calls `stopNow`, which ends the process by default. */
export function onStopSignal(
  stop: (signal: NodeJS.Signals) => void,
  stopNow: () => void = () => endProcess(1),
  signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'],
): void {
  let stoppedAt: number | null = null;
  for (const signal of signals) {
    process.on(signal, () => {
      const now = performance.now();
      if (stoppedAt === null) {
        stoppedAt = now;
        stop(signal);
      } else if (now - stoppedAt > ECHO_MS) stopNow();
    });
  }
}

export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1)$/.test(host);
}

/** Without keys, anyone who reaches the API may use it. On a public address a second variable has to confirm that. */
export function checkAuthSetting({ AUTH, HOST, AUTH_DISABLED_ON_PUBLIC_ADDRESS: isAccepted }: Config): void {
  if (AUTH === 'disabled' && !isLoopback(HOST) && !isAccepted) {
    throw new ConfigError(
      `  AUTH is disabled, but HOST is ${HOST}, which is not loopback: anyone who reaches it could use the API. ` +
        'Leave AUTH out to ask for API keys, set HOST=127.0.0.1, or AUTH_DISABLED_ON_PUBLIC_ADDRESS=yes if access is restricted elsewhere.',
    );
  }
}
