/** A process that is told to stop ends within this time, an API after its `DRAIN_DELAY_S`. Supervisors wait 35 s (operations.md). */
const STOP_WITHIN_MS = 33_000;

/** The logger has written its last lines by then. */
const WRITE_MS = 100;

/** A thread looks up the name of Postgres. While DNS does not answer, it may take a minute for each search domain. */
const LOOK_UP = 'GetAddrInfoReqWrap';

/**
 * Ends the process. `process.exit` would wait for a look-up, and nobody can end that. So the process then becomes another
 * program, which ends at once with the same code.
 */
export function endProcess(exitCode: number): void {
  if (!process.getActiveResourcesInfo().includes(LOOK_UP)) process.exit(exitCode);
  setTimeout(() => process.execve?.('/bin/sh', ['sh', '-c', `exit ${exitCode}`]), WRITE_MS);
}

/** Ends the process in time, also if something that it closes does not answer. */
export function endInTime(): void {
  setTimeout(endProcess, STOP_WITHIN_MS, 0).unref();
}
