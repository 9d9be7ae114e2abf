import { MEASURES, type Measure } from '../domain/measures.ts';

/**
 * A file reaches a decoder as frames on its standard input. Each frame is a header and a block of the file.
 *
 *     float64  bytes of the file when it was opened
 *     uint32   bytes of the block
 *     uint32   lowest bit: 1 for the last block; above it one bit for each of `MEASURES` that is wanted
 */
const HEADER_BYTES = 16;

export interface Frame {
  readonly bytes: number;
  readonly block: Buffer;
  readonly isLast: boolean;
  /** Measures to compute from the pixels. */
  readonly measures: readonly Measure[];
}

export function writeHeader({ bytes, block, isLast, measures }: Frame): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeDoubleBE(bytes, 0);
  header.writeUInt32BE(block.length, 8);
  const wanted = MEASURES.map((measure, index) => (measures.includes(measure) ? 2 << index : 0));
  header.writeUInt32BE(
    wanted.reduce((flags, flag) => flags | flag, isLast ? 1 : 0),
    12,
  );
  return header;
}

/** Puts frames together from the chunks of the pipe, whose borders are arbitrary. */
export function createFrameReader(onFrame: (frame: Frame) => void): (chunk: Buffer) => void {
  let header = Buffer.alloc(HEADER_BYTES);
  let inHeader = 0;
  let block = Buffer.alloc(0);
  let inBlock = 0;

  function fill(target: Buffer, at: number, chunk: Buffer): number {
    return chunk.copy(target, at, 0, Math.min(chunk.length, target.length - at));
  }

  return (chunk) => {
    let rest = chunk;
    while (rest.length > 0) {
      if (inHeader < HEADER_BYTES) {
        const taken = fill(header, inHeader, rest);
        inHeader += taken;
        rest = rest.subarray(taken);
        if (inHeader < HEADER_BYTES) return;
        block = Buffer.allocUnsafe(header.readUInt32BE(8));
        inBlock = 0;
      }
      const taken = fill(block, inBlock, rest);
      inBlock += taken;
      rest = rest.subarray(taken);
      if (inBlock < block.length) return;
      const flags = header.readUInt32BE(12);
      const frame = {
        bytes: header.readDoubleBE(0),
        block,
        isLast: (flags & 1) === 1,
        measures: MEASURES.filter((_, index) => (flags & (2 << index)) !== 0),
      };
      header = Buffer.alloc(HEADER_BYTES);
      inHeader = 0;
      onFrame(frame);
    }
  };
}
