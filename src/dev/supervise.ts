import { type Program, type ProgramOptions, startProgram } from './program.ts';

/** A program exits with this code if its configuration is wrong. It would do so again. */
const EXIT_CONFIG = 2;

const FIRST_RESTART_MS = 1_000;
const LAST_RESTART_MS = 30_000;
/** A program that ran this long has recovered, so its next restart is quick again. */
const STEADY_AFTER_MS = 60_000;

export interface Supervised {
  readonly name: string;
  stop(): Promise<void>;
}

/**
 * Keeps a program running. A program that dies is started again, after 1 s at first and 30 s at most. `onGiveUp` is called if
 * it can't run at all.
 */
export async function supervise(
  options: ProgramOptions & { readonly name: string },
  {
    stopGraceMs,
    log,
    onGiveUp,
  }: {
    /** The time it gets after SIGTERM. */
    stopGraceMs: number;
    log: (line: string) => void;
    onGiveUp: (reason: string) => void;
  },
): Promise<Supervised> {
  const { name } = options;
  let stopping = false;
  let delayMs = FIRST_RESTART_MS;
  let restart: NodeJS.Timeout | undefined;
  let program: Program;

  async function start(): Promise<void> {
    const startedAt = performance.now();
    program = await startProgram(options);
    const current = program;
    void current.ended.then((end) => {
      if (stopping) return;
      if (end === EXIT_CONFIG) return onGiveUp(`${name} can't run: see its message above.`);
      if (performance.now() - startedAt > STEADY_AFTER_MS) delayMs = FIRST_RESTART_MS;
      log(`${name} ended (${end}); starting it again in ${delayMs / 1000} s`);
      restart = setTimeout(() => {
        start().catch((error: unknown) => onGiveUp(`${name} could not be started again: ${String(error)}`));
      }, delayMs);
      delayMs = Math.min(delayMs * 2, LAST_RESTART_MS);
      return undefined;
    });
  }

  await start();
  return {
    name,
    async stop() {
      stopping = true;
      clearTimeout(restart);
      await program.stop('SIGTERM', stopGraceMs);
    },
  };
}
