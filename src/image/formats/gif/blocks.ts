export const EXTENSION = 0x21;
export const IMAGE = 0x2c;

/** Where the first block is: behind the header, the logical screen descriptor and the global colour table. */
export function framesStart(bytes: Buffer): number {
  return 13 + colourTableBytes(bytes[10] ?? 0);
}

/** Where the data of the image at `at` begins: behind its separator, its descriptor and its colour table. */
export function imageDataAt(bytes: Buffer, at: number): number {
  return at + 10 + colourTableBytes(bytes[at + 9] ?? 0);
}

/** The top bit says that there is a table. The low three bits give its length: 3 × 2^(n+1) bytes. */
function colourTableBytes(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1);
}

/** Sub-blocks begin with their length. A length of 0 ends them. */
export function skipSubBlocks(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) return bytes.length;
    at += 1 + length;
    if (length === 0) return at;
  }
}
