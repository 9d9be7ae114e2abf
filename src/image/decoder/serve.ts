import type { NoImage } from '../../domain/image-facts.ts';
import { createFrameReader, type Frame } from '../frames.ts';
import { DECODER_TIDIES_BYTES } from '../limits.ts';
import { type Decode, type Inspection, startInspection } from '../inspect.ts';
import { explainNoImage } from '../sniff-other.ts';

/**
 * The decoder's side of the pipe. It reads one file at a time from standard input (`frames.ts`) and writes lines of
 * JSON to standard output (`answer.ts`):
 *
 *     ready
 *     for each file:  first block ─┬─ done, no image, and why
 *                                  └─ [more ─ other blocks] ─ header ─ [work …] ─ done
 */
export function serveDecoder(decode: Decode): void {
  // A terminal's Ctrl-C and a supervisor's SIGTERM go to all processes, but only the worker decides when a decoder ends.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

  const answer = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
  const done = (facts: object | null, more: { noImage?: NoImage } = {}) =>
    answer({ type: 'done', facts, ...more, residentBytes: process.memoryUsage.rss() });
  let inspection: Inspection | null = null;

  async function take({ bytes, block, isLast, measures }: Frame): Promise<void> {
    if (inspection === null) {
      inspection = startInspection(bytes, block, measures, decode);
      if (inspection === null) return void done(null, { noImage: explainNoImage(block) });
      if (!isLast) answer({ type: 'more' });
    } else inspection.take(block);
    if (!isLast) return;
    const facts = await inspection.finish({
      onHeader: (header) => answer({ type: 'header', facts: header }),
      onWork: (pixels) => answer({ type: 'work', pixels: Math.min(pixels, Number.MAX_SAFE_INTEGER) }),
    });
    inspection = null;
    // Before the answer, because it says how much the process keeps.
    if (process.memoryUsage.rss() > DECODER_TIDIES_BYTES) globalThis.gc?.();
    done(facts);
  }

  // An error here ends the process. So a file on which our own code fails counts as one that crashed its decoder.
  process.stdin.on(
    'data',
    createFrameReader((frame) => void take(frame)),
  );
  // The worker is gone. An ordinary exit would wait for the library's work, which may never end.
  for (const event of ['end', 'close', 'error'])
    process.stdin.on(event, () => process.kill(process.pid, 'SIGKILL'));
  process.stdout.on('error', () => process.kill(process.pid, 'SIGKILL'));
  answer({ type: 'ready' });
}
