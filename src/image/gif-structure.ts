const EXTENSION = 0x21;
const IMAGE = 0x2c;
const TRAILER = 0x3b;

/**
 * Whether a GIF's blocks lead to its trailer (GIF89a specification, section 12 on). Decoders drop an incomplete last
 * frame of an animation without a word.
 */
export function reachesGifTrailer(bytes: Buffer): boolean {
  // Header and logical screen descriptor, then the global colour table.
  let at = 13 + colourTableBytes(bytes[10] ?? 0);
  for (;;) {
    const block = bytes[at];
    if (block === TRAILER) return true;
    if (block === EXTENSION) at = skipSubBlocks(bytes, at + 2);
    // Separator, descriptor (its last byte are the flags), local colour table, LZW code size, data.
    else if (block === IMAGE) at = skipSubBlocks(bytes, at + 10 + colourTableBytes(bytes[at + 9] ?? 0) + 1);
    else return false;
  }
}

/** The top bit says that there is a table, the low three how long: 3 × 2^(n+1) bytes. */
function colourTableBytes(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1);
}

/** Sub-blocks begin with their length; a length of 0 ends them. */
function skipSubBlocks(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) return bytes.length;
    at += 1 + length;
    if (length === 0) return at;
  }
}
