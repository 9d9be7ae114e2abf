import { constants, createInflate, inflateSync } from 'node:zlib';
import type { ImageProperties } from '../../../domain/image-facts.ts';
import type { DamageReason } from '../../../domain/image-notes.ts';
import { FilteredRows, passesOf } from './filtered-rows.ts';

/** A frame of an animation that has data of its own (fdAT). The data is one zlib stream in parts, as in IDAT chunks. */
export interface PngFrame {
  readonly width: number;
  readonly height: number;
  readonly data: readonly Buffer[];
}

/** Bytes that are inflated at once, whatever the length of a frame. */
const BLOCK_BYTES = 64 * 1024;

/**
 * Inflates the frames that the decoder leaves out, because it reads only the still picture. Each frame must have all its
 * rows, and each row a known filter. Every such row gives pixels, so nothing else can go wrong. Null: all frames are whole.
 */
export async function findFrameDamage(
  frames: readonly PngFrame[],
  properties: ImageProperties,
): Promise<DamageReason | null> {
  for (const frame of frames) {
    const damage = await damageOf(frame, properties);
    if (damage !== null) return damage;
  }
  return null;
}

/** Data after the last row is ignored, as decoders do. */
async function damageOf(
  { width, height, data }: PngFrame,
  { bitDepth = 8, channels = 1, interlaced = false }: ImageProperties,
): Promise<DamageReason | null> {
  const rows = new FilteredRows(passesOf({ width, height }, bitDepth * channels, interlaced));
  try {
    for await (const block of inflate(data)) {
      const state = rows.take(block);
      if (state === 'invalid') return 'corrupt data';
      if (state === 'complete') return null;
    }
    return 'truncated';
  } catch (error) {
    return (error as { errno?: number }).errno === constants.Z_BUF_ERROR ? 'truncated' : 'corrupt data';
  }
}

/** A stream costs 0.2 ms. So short data is inflated in one call, because an animation may have thousands of small frames. */
function inflate(data: readonly Buffer[]): AsyncIterable<Buffer> | Iterable<Buffer> {
  const whole = inflateShort(data);
  if (whole !== null) return [whole];
  const stream = createInflate({ chunkSize: BLOCK_BYTES });
  for (const part of data) stream.write(part);
  stream.end();
  return stream as AsyncIterable<Buffer>;
}

/** Null if the data is longer than a block, before inflating it or after. */
function inflateShort(data: readonly Buffer[]): Buffer | null {
  if (data.reduce((bytes, { length }) => bytes + length, 0) > BLOCK_BYTES) return null;
  try {
    return inflateSync(Buffer.concat(data), { maxOutputLength: BLOCK_BYTES });
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') return null;
    throw error;
  }
}
