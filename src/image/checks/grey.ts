import type { Pixels, Rows } from './pixels.ts';

/** Each pixel's luma of ITU-R 601-2 as Pillow's `convert("L")` rounds it. Alpha counts for nothing. */
export function greyRowsOf({ data: from, width, height, channels }: Pixels): Rows {
  const row = new Uint8Array(width);
  const read = channels < 3 ? readGrey : readColour;
  return {
    data: row,
    width,
    height,
    channels: 1,
    seek(y) {
      read(from, y * width * channels, channels, row);
      return 0;
    },
  };
}

function readGrey(from: Uint8Array, start: number, channels: number, to: Uint8Array): void {
  for (let x = 0, i = start; x < to.length; x += 1, i += channels) to[x] = from[i] ?? 0;
}

function readColour(from: Uint8Array, start: number, channels: number, to: Uint8Array): void {
  for (let x = 0, i = start; x < to.length; x += 1, i += channels) {
    // Weights of 0.299, 0.587 and 0.114 in 65536ths.
    const red = Math.imul(from[i] ?? 0, 19_595);
    const green = Math.imul(from[i + 1] ?? 0, 38_470);
    const blue = Math.imul(from[i + 2] ?? 0, 7471);
    to[x] = (red + green + blue + 0x8000) >> 16;
  }
}
