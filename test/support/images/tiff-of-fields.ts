export interface Field {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** A value of four bytes, or more bytes at another place. A number stands as it is. */
  readonly value: number | Buffer;
}

const LONG = 4;
export const [BYTE, ASCII, SHORT, RATIONAL] = [1, 2, 3, 5];

export const long = (tag: number, value: number): Field => ({ tag, type: LONG, count: 1, value });
export const short = (tag: number, value: number): Field => ({ tag, type: SHORT, count: 1, value });

export const PIXELS_AT = 8;

/** A TIFF with these fields in this order. The data of its pixels begins at `PIXELS_AT`. */
export function tiffOfFields(fields: readonly Field[], pixels: Buffer): Buffer {
  const firstAt = PIXELS_AT + pixels.length + (pixels.length % 2);
  const directory = Buffer.alloc(2 + 12 * fields.length + 4);
  directory.writeUInt16LE(fields.length, 0);
  const more: Buffer[] = [];
  let moreAt = firstAt + directory.length;
  for (const [index, { tag, type, count, value }] of fields.entries()) {
    const at = 2 + 12 * index;
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(type, at + 2);
    directory.writeUInt32LE(count, at + 4);
    if (typeof value === 'number') directory.writeUInt32LE(value, at + 8);
    else if (value.length <= 4) value.copy(directory, at + 8);
    else {
      directory.writeUInt32LE(moreAt, at + 8);
      more.push(value);
      moreAt += value.length;
    }
  }
  const head = Buffer.alloc(firstAt);
  head.write('II*\0', 0, 'latin1');
  head.writeUInt32LE(firstAt, 4);
  pixels.copy(head, PIXELS_AT);
  return Buffer.concat([head, directory, ...more]);
}
