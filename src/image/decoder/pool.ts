import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../domain/errors.ts';
import type { HeaderFacts } from '../../domain/image-facts.ts';
import type { InspectImage, InspectOptions } from '../../domain/ports/images.ts';
import type { AssetFile } from '../../domain/ports/sources.ts';
import { inspectedBy } from './answer.ts';
import { asLost } from './lost-image.ts';
import { type DecoderEnd, DecoderEnded, type DecoderProcess, startDecoder } from './process.ts';
import type { DecoderLimits } from './work-limits.ts';
import {
  DECODE_CPU_MS,
  DECODER_KEEPS_BYTES,
  DECODERS_MAX,
  IMAGES_PER_DECODER,
  LARGE_PIXELS,
  MAX_MEGAPIXELS,
  START_AGAIN_MS,
  WATCH_EVERY_MS,
} from '../limits.ts';
import { createFileReader } from '../read-frames.ts';
import { createTurns, type Turn } from './turns.ts';

export interface DecoderPoolOptions {
  /** Most decoder processes, one per core by default. Each takes one image at a time. They start when there is work. */
  readonly processes?: number | undefined;
  /** Pictures with more megapixels, of all frames together, are not decoded. */
  readonly maxMegapixels?: number;
  /** Called for every decoder that the pool did not end itself. */
  readonly onEnd: (end: DecoderEnd) => void;
  /** The program of the processes, and its limits. Tests use others. */
  readonly program?: string;
  readonly limits?: DecoderLimits;
  readonly readMs?: number;
  /** Milliseconds. Never goes back. */
  readonly now?: () => number;
}

export interface DecoderPool {
  readonly inspectImage: InspectImage;
  /** Process ids of the decoders that are alive. */
  pids(): number[];
  /** Kills all decoders. Images that are still in work fail with `decoder_unavailable`. */
  close(): Promise<void>;
}

interface Decoder extends DecoderProcess {
  images: number;
  keepsBytes: number;
  isDismissed: boolean;
}

/** A decoder for one image, and the tenant's turn. */
interface Loan {
  readonly decoder: Decoder;
  readonly turn: Turn;
}

/**
 * Reads and decodes files in processes of their own, so that a file can crash, stall or bloat only its decoder:
 *
 *     started ──ready──▶ idle ◀──answer── at work ──dies, or is killed over a limit──▶ gone: a finding on this one image
 *                          └──────────────▶ replaced, when it has had its share of images or keeps much memory
 *
 * Tenants take turns at the decoders (`turns.ts`). The first bytes of a file are read before it gets a decoder, so storage
 * that hangs blocks no decoder. A file that waits holds only those 128 KiB. The worker reads the bytes from the open file and sends them through a pipe. This
 * takes 0.2 ms for 60 KB and 17 ms for 20 MB. Reading the file again through /proc takes 0.3 and 4 ms, but works only
 * on Linux. Node's own messages take 0.2 and 25 ms.
 */
export function createDecoderPool({
  processes = Math.min(availableParallelism(), DECODERS_MAX),
  maxMegapixels = MAX_MEGAPIXELS,
  onEnd,
  program = fileURLToPath(new URL('./child.ts', import.meta.url)),
  limits,
  readMs,
  now = () => performance.now(),
}: DecoderPoolOptions): DecoderPool {
  const all = new Set<Decoder>();
  const idle: Decoder[] = [];
  const turns = createTurns({ processes, now });
  /** Number of decoders that start, work or idle. */
  let taken = 0;
  let isClosed = false;
  /** Time of the last failed start. */
  let failedAt = -Infinity;
  const watching = setInterval(() => {
    for (const decoder of all) decoder.watch();
  }, WATCH_EVERY_MS);
  watching.unref();

  async function start(): Promise<Decoder> {
    if (isClosed || performance.now() - failedAt < START_AGAIN_MS) throw new AppError('decoder_unavailable');
    try {
      const decoder = launch();
      await decoder.answer();
      return decoder;
    } catch (error) {
      failedAt = performance.now();
      throw new AppError('decoder_unavailable', { cause: error });
    }
  }

  function launch(): Decoder {
    const decoder = Object.assign(begin(), { images: 0, keepsBytes: 0, isDismissed: false });
    all.add(decoder);
    void decoder.ended.then((end) => {
      all.delete(decoder);
      const at = idle.indexOf(decoder);
      if (at !== -1) {
        idle.splice(at, 1);
        giveUpPlace();
      }
      if (!decoder.isDismissed) onEnd(end);
    });
    return decoder;
  }

  function begin(): DecoderProcess {
    try {
      return startDecoder(program, maxMegapixels, limits);
    } catch (error) {
      onEnd({ loss: 'decoder_crashed', code: null, signal: null, stderr: (error as Error).message });
      throw error;
    }
  }

  function dismiss(decoder: Decoder): void {
    decoder.isDismissed = true;
    decoder.kill();
  }

  function giveUpPlace(): void {
    taken -= 1;
    handOut();
  }

  function handOut(): void {
    for (let isServed = true; isServed && (idle.length > 0 || taken < processes); )
      isServed = turns.serveNext();
  }

  async function lend(turn: Turn): Promise<Loan> {
    const free = idle.pop();
    if (free !== undefined) return { decoder: free, turn };
    taken += 1;
    try {
      return { decoder: await start(), turn };
    } catch (error) {
      turn.end(0);
      giveUpPlace();
      throw error;
    }
  }

  async function acquire({ tenant = '', signal }: InspectOptions): Promise<Loan> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const leave = turns.join(tenant, (turn) => {
        signal?.removeEventListener('abort', giveUp);
        resolve(lend(turn));
      });
      const giveUp = () => {
        leave();
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', giveUp);
      handOut();
    });
  }

  function release(decoder: Decoder): void {
    if (decoder.images >= IMAGES_PER_DECODER || decoder.keepsBytes > DECODER_KEEPS_BYTES) dismiss(decoder);
    if (decoder.isGone()) return giveUpPlace();
    idle.push(decoder);
    handOut();
  }

  /** Undefined: the decoder ended before it reported anything about this file, perhaps before it saw it. */
  async function inspectOnce(file: AssetFile, options: InspectOptions) {
    const { signal } = options;
    const reader = createFileReader(file, { ...options, readMs });
    await reader.begin();
    const { decoder, turn } = await acquire(options);
    const beganAt = now();
    const abort = () => dismiss(decoder);
    signal?.addEventListener('abort', abort);
    let header: HeaderFacts | null = null;
    let hasSpoken = false;
    try {
      for await (const frame of reader.frames()) {
        await decoder.send(frame);
        if (frame.isLast) break;
        if (hasSpoken) continue;
        // After the first of several blocks, the decoder says whether the file is an image.
        const answer = await decoder.answer();
        hasSpoken = true;
        if (answer.type === 'done') return inspectedBy(answer);
      }
      for (;;) {
        const answer = await decoder.answer();
        hasSpoken = true;
        if (answer.type === 'header') header = answer.facts;
        if (answer.type === 'work' && answer.pixels > LARGE_PIXELS) turn.isLarge();
        if (answer.type === 'done') {
          decoder.keepsBytes = answer.residentBytes;
          return inspectedBy(answer);
        }
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (decoder.isDismissed) throw new AppError('decoder_unavailable');
      if (!(error instanceof DecoderEnded)) {
        // Reading failed in the middle of a file, and the decoder waits for the rest.
        if (hasSpoken) dismiss(decoder);
        throw error;
      }
      const { loss } = error.end;
      return hasSpoken || loss === 'decode_timeout' ? asLost(loss, header) : undefined;
    } finally {
      signal?.removeEventListener('abort', abort);
      const tookMs = now() - beganAt;
      // A large picture counts as several, because the system limits the processor time of the process.
      decoder.images += Math.max(1, tookMs / DECODE_CPU_MS);
      turn.end(tookMs);
      release(decoder);
    }
  }

  return {
    async inspectImage(file, options = {}) {
      // If a second decoder ends without reporting anything, the file is the cause.
      for (let attempt = 1; attempt <= 2; attempt += 1) {
        const result = await inspectOnce(file, options);
        if (result !== undefined) return result;
      }
      return asLost('decoder_crashed', null);
    },
    pids: () => [...all].flatMap(({ pid }) => pid ?? []),
    async close() {
      isClosed = true;
      clearInterval(watching);
      for (const decoder of all) dismiss(decoder);
      await Promise.all([...all].map(({ ended }) => ended));
    },
  };
}
