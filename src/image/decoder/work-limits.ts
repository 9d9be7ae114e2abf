import {
  DECODE_CPU_MAX_MS,
  DECODE_CPU_MS_PER_MEGAPIXEL,
  DECODE_CPU_MS_PER_MIB,
  DECODE_WALL_MAX_MS,
  DECODE_WALL_MS_PER_MEGAPIXEL,
  DECODE_WALL_MS_PER_MIB,
  MAX_BYTES_IN_MEMORY,
} from '../limits.ts';

export interface DecoderLimits {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly residentBytes: number;
}

/** The size of the work of a decoder. A decoder may say any number of pixels. */
export interface Work {
  readonly pixels: number;
  /** The length of the file. Only the head of a longer one than `MAX_BYTES_IN_MEMORY` is read. */
  readonly bytes: number;
}

/** The limits for this work: `base`, and more for large pictures and files, up to the most for any. */
export function limitsFor({ pixels, bytes }: Work, base: DecoderLimits): DecoderLimits {
  const megapixels = pixels / 1_000_000;
  const mib = bytes > MAX_BYTES_IN_MEMORY ? 0 : bytes / 2 ** 20;
  const cpuMs = base.cpuMs + megapixels * DECODE_CPU_MS_PER_MEGAPIXEL + mib * DECODE_CPU_MS_PER_MIB;
  const wallMs = base.wallMs + megapixels * DECODE_WALL_MS_PER_MEGAPIXEL + mib * DECODE_WALL_MS_PER_MIB;
  return {
    cpuMs: Math.min(cpuMs, Math.max(base.cpuMs, DECODE_CPU_MAX_MS)),
    wallMs: Math.min(wallMs, Math.max(base.wallMs, DECODE_WALL_MAX_MS)),
    residentBytes: base.residentBytes,
  };
}
