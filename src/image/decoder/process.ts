import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { LostImage } from '../../domain/ports/images.ts';
import { type Answer, MAX_ANSWER_BYTES, parseAnswer } from './answer.ts';
import { type Frame, writeHeader } from '../frames.ts';
import {
  ALLOCATOR,
  DECODE_CPU_MAX_MS,
  DECODE_CPU_MS,
  DECODE_WALL_MS,
  DECODER_DATA_KIB,
  DECODER_RESIDENT_BYTES,
  IMAGES_PER_DECODER,
  WATCH_COUNTS_MS,
} from '../limits.ts';
import { readUsage } from './process-usage.ts';
import { type DecoderLimits, limitsFor } from './work-limits.ts';

type Loss = LostImage['lost'];

/** How a decoder ended, for the log. `stderr` is the last part of its error output. */
export interface DecoderEnd {
  readonly loss: Loss;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** The decoder ended before it answered. */
export class DecoderEnded extends Error {
  override readonly name = 'DecoderEnded';
  readonly end: DecoderEnd;

  constructor(end: DecoderEnd) {
    super('The decoder has ended');
    this.end = end;
  }
}

/** The current wait: its length at the last check, and the processor time used at the first check. */
interface Turn {
  waitedMs: number;
  lookedAt: number;
  cpuMs: number | null;
  limits: DecoderLimits;
  settle: () => void;
}

export interface DecoderProcess {
  readonly pid: number | undefined;
  /** Whether the process has ended or is about to end. */
  isGone(): boolean;
  /** Sends a block. Resolves when the decoder has taken it, or at once for the last block. @throws {DecoderEnded} */
  send(frame: Frame): Promise<void>;
  /** Waits for the next answer. @throws {DecoderEnded} */
  answer(): Promise<Answer>;
  /** Kills the decoder if its current work is over a limit. */
  watch(): void;
  kill(): void;
  /** Resolves when the process is gone. */
  readonly ended: Promise<DecoderEnd>;
}

const LIMITS: DecoderLimits = {
  cpuMs: DECODE_CPU_MS,
  wallMs: DECODE_WALL_MS,
  residentBytes: DECODER_RESIDENT_BYTES,
};

const SRC = fileURLToPath(new URL('../..', import.meta.url));
/** The directories in which links, a workspace or a package manager may have put the libraries. */
const MODULES = [
  fileURLToPath(new URL('../../node_modules', import.meta.url)),
  createRequire(import.meta.url)
    .resolve('sharp')
    .replace(/(\/node_modules)\/.*/s, '$1'),
];
const STDERR_KEPT = 2_000;

/**
 * Limits that have to be set before the process begins. Memory is limited. Processor time is limited as the last resort
 * against a process that outlives its worker. If memory is short, the system kills a decoder first, not the worker. A
 * decoder has a lower priority than the worker.
 */
const LAUNCH = `
ulimit -d ${DECODER_DATA_KIB} 2>/dev/null
ulimit -t ${(IMAGES_PER_DECODER * DECODE_CPU_MS + DECODE_CPU_MAX_MS) / 1000} 2>/dev/null
ulimit -c 0 2>/dev/null
{ echo 1000 > /proc/self/oom_score_adj; } 2>/dev/null
command -v nice >/dev/null && exec nice -n 2 "$0" "$@"
exec "$0" "$@"`;

/** The process may read its own program and the libraries. It may use no other file, process, thread or environment. */
function flagsFor(program: string): string[] {
  return [
    '--permission',
    '--allow-addons',
    ...[SRC, ...MODULES, program].map((path) => `--allow-fs-read=${path}`),
    '--disable-warning=SecurityWarning',
    '--max-old-space-size=64',
    '--max-semi-space-size=1',
    '--expose-gc',
  ];
}

/**
 * Starts a process that reads images. It gets bytes, never a path or an open file, and no environment of the worker. It ends with its
 * standard input, so it ends with the worker, however the worker ends.
 * `megapixels`: the most that it decodes.
 * @throws {Error} if the system refuses memory, a process or descriptors
 */
export function startDecoder(
  program: string,
  megapixels: number,
  limits: DecoderLimits = LIMITS,
): DecoderProcess {
  const args = [...flagsFor(program), program, String(megapixels)];
  const child = spawn('/bin/sh', ['-c', LAUNCH, process.execPath, ...args], {
    env: { UV_THREADPOOL_SIZE: '1', ...ALLOCATOR },
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // If the system has no descriptors for the pipes, they are undefined despite
  // their types. The error event comes later.
  if ((child.stdin as unknown) === undefined) {
    child.once('error', () => undefined);
    throw new Error('No file descriptors for the pipes of a decoder');
  }
  let loss: Loss = 'decoder_crashed';
  let stderr = '';
  let said = '';
  let hasEnded = false;
  let isKilled = false;
  const answers: Answer[] = [];
  let turn: Turn | null = null;
  /** Of the current file. */
  let bytes = 0;

  const ended = new Promise<DecoderEnd>((resolve) => {
    const end = (code: number | null, signal: NodeJS.Signals | null) => {
      hasEnded = true;
      resolve({ loss, code, signal, stderr });
      turn?.settle();
    };
    child.once('close', end);
    // The process did not start.
    child.once('error', ({ message }) => {
      stderr = message;
      if (child.pid === undefined) end(null, null);
    });
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-STDERR_KEPT)));
  // The event `close` reports the end, so errors of the pipe are ignored.
  child.stdin.on('error', () => undefined);
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1');
    const lines = said.split('\n');
    said = lines.pop() ?? '';
    for (const line of lines) {
      const answer = parseAnswer(line);
      if (answer === null) return kill();
      answers.push(answer);
    }
    if (said.length > MAX_ANSWER_BYTES) return kill();
    if (lines.length === 0) return;
    // Nobody waits for this answer. It would be taken for the answer about the next image.
    if (turn === null) return kill();
    turn.settle();
  });

  function kill(): void {
    isKilled = true;
    child.kill('SIGKILL');
  }

  /** Waits until `isOver`. The decoder's time runs until `turn` is null again. */
  async function wait(isOver: () => boolean): Promise<void> {
    turn ??= {
      waitedMs: 0,
      lookedAt: performance.now(),
      cpuMs: null,
      limits: limitsFor({ pixels: 0, bytes }, limits),
      settle: () => undefined,
    };
    while (!isOver()) {
      if (hasEnded) throw new DecoderEnded(await ended);
      const current = turn;
      await new Promise<void>((resolve) => (current.settle = resolve));
    }
  }

  return {
    pid: child.pid,
    ended,
    isGone: () => hasEnded || isKilled,
    kill,
    async send(frame) {
      bytes = frame.bytes;
      child.stdin.cork();
      child.stdin.write(writeHeader(frame));
      let isTaken = false;
      child.stdin.write(frame.block, () => {
        isTaken = true;
        turn?.settle();
      });
      child.stdin.uncork();
      // The time for the last block counts with its answer.
      if (frame.isLast) return;
      await wait(() => isTaken);
      turn = null;
    },
    async answer() {
      await wait(() => answers.length > 0);
      const answer = answers.shift() as Answer;
      // The decoder decodes after the header, so its time goes on.
      if (answer.type === 'work' && turn !== null)
        turn.limits = limitsFor({ pixels: answer.pixels, bytes }, limits);
      if (answer.type === 'header' || answer.type === 'work') return answer;
      turn = null;
      if (answers.length > 0) kill();
      return answer;
    },
    watch() {
      if (turn === null || child.pid === undefined) return;
      const usage = readUsage(child.pid);
      if (usage !== null) {
        turn.cpuMs ??= usage.cpuMs;
        if (usage.residentBytes > limits.residentBytes) return kill();
        if (usage.cpuMs - turn.cpuMs > turn.limits.cpuMs) loss = 'decode_timeout';
      }
      const now = performance.now();
      // The time since the beginning would be wrong: a worker that was stopped checks here before it reads an answer
      // that came meanwhile.
      turn.waitedMs += Math.min(now - turn.lookedAt, WATCH_COUNTS_MS);
      turn.lookedAt = now;
      if (turn.waitedMs > turn.limits.wallMs) loss = 'decode_timeout';
      if (loss === 'decode_timeout') kill();
    },
  };
}
