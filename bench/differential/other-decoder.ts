import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ImageFormat } from '../../src/domain/image-facts.ts';

const PROGRAM = fileURLToPath(new URL('decode.py', import.meta.url));

/** A decoder that takes longer has no verdict, milliseconds. */
const ANSWER_MS = 120_000;

/** `unsupported`: the decoder does not know this kind of file, or it died. That says nothing about the file. */
export interface OtherVerdict {
  readonly state: 'whole' | 'damaged' | 'unsupported';
  readonly reason?: string;
}

export interface OtherDecoder {
  judge(path: string, format: ImageFormat): Promise<OtherVerdict>;
  close(): void;
}

interface Running {
  readonly program: ChildProcessByStdio<Writable, Readable, null>;
  readonly lines: Interface;
}

/** Runs `decode.py`, and starts it again if a file has ended it. It takes one file at a time. */
export function startOtherDecoder(python: string, name: 'first' | 'second'): OtherDecoder {
  let running: Running | null = null;

  function start(): Running {
    const program = spawn(python, [PROGRAM, name], { stdio: ['pipe', 'pipe', 'ignore'] });
    // A write to a program that has died fails. The end of its output says the same.
    program.stdin.on('error', () => undefined);
    return { program, lines: createInterface(program.stdout) };
  }

  function stop(): void {
    running?.program.kill('SIGKILL');
    running = null;
  }

  return {
    async judge(path, format) {
      const { program, lines } = (running ??= start());
      const deadline = AbortSignal.timeout(ANSWER_MS);
      const answered = new AbortController();
      const signal = AbortSignal.any([deadline, answered.signal]);
      const answer = Promise.race([
        once(lines, 'line', { signal }) as Promise<[string]>,
        once(lines, 'close', { signal }).then(() => null),
      ]);
      program.stdin.write(`${JSON.stringify({ path, format })}\n`);
      try {
        const line = (await answer)?.[0];
        if (line !== undefined) return JSON.parse(line) as OtherVerdict;
        stop();
        return { state: 'unsupported', reason: 'the decoder died' };
      } catch (error) {
        if (!deadline.aborted) throw error;
        stop();
        return { state: 'unsupported', reason: `no answer within ${ANSWER_MS / 1000} s` };
      } finally {
        answered.abort();
      }
    },
    close: stop,
  };
}
