import { open } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import type { ImageFacts } from '../../src/domain/image-facts.ts';
import type { Inspected } from '../../src/domain/ports/images.ts';
import type { AssetFile } from '../../src/domain/ports/sources.ts';
import { createDecoderPool } from '../../src/image/decoder/pool.ts';
import { createLocalFile } from '../../src/sources/local-file.ts';
import { watchPeak } from './peak-memory.ts';

/** `crashed`, `hung`, `error`: none of them may happen. */
export interface OurVerdict {
  readonly state: 'whole' | 'damaged' | 'not_checked' | 'not_an_image' | 'crashed' | 'hung' | 'error';
  readonly reason?: string;
  /** Codes of notes that are errors or warnings. */
  readonly notes: readonly string[];
  readonly megapixels: number;
  /** Processor time of the decoder, in steps of 10 ms. */
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly peakBytes: number;
}

/** Two bytes, so no image. */
const NOTHING: AssetFile = {
  bytes: 2,
  read: () => Promise.resolve(Buffer.from('no')),
  close: () => Promise.resolve(),
};

/** Inspects files as the step `checkIsImage` does, in one decoder process. */
export function startOurDecoder() {
  const pool = createDecoderPool({ processes: 1, onEnd: () => undefined });

  /** The start of a decoder takes more time than most pictures, and is not theirs. */
  async function startBefore(): Promise<void> {
    if (pool.pids().length === 0) await pool.inspectImage(NOTHING);
  }

  async function inspect(path: string): Promise<Inspected> {
    const handle = await open(path);
    try {
      return await pool.inspectImage(createLocalFile(handle, (await handle.stat()).size));
    } finally {
      await handle.close();
    }
  }

  return {
    async judge(path: string): Promise<OurVerdict> {
      await startBefore();
      const stop = watchPeak(() => pool.pids());
      const startedAt = performance.now();
      const said = await inspect(path).then(asVerdict, (error: Error) => ({
        state: 'error' as const,
        reason: error.message,
        notes: [],
        megapixels: 0,
      }));
      return { ...said, wallMs: Math.round(performance.now() - startedAt), ...stop() };
    },
    close: () => pool.close(),
  };
}

type Said = Pick<OurVerdict, 'state' | 'reason' | 'notes' | 'megapixels'>;

function asVerdict(result: Inspected): Said {
  if ('noImage' in result) return { state: 'not_an_image', notes: [], megapixels: 0 };
  if ('lost' in result) {
    const state = result.lost === 'decode_timeout' ? 'hung' : 'crashed';
    return { state, reason: result.reason, ...describe(result.facts) };
  }
  const { integrity } = result;
  if (integrity.state === 'intact') return { state: 'whole', ...describe(result) };
  return { state: integrity.state, reason: integrity.reason, ...describe(result) };
}

function describe(facts: ImageFacts | null): Pick<Said, 'notes' | 'megapixels'> {
  const { width, height, frames = 1, notes = [] } = facts ?? { width: 0, height: 0 };
  return {
    notes: notes.filter(({ severity }) => severity !== 'info').map(({ code }) => code),
    megapixels: Math.round(((width ?? 0) * (height ?? 0) * frames) / 100_000) / 10,
  };
}
