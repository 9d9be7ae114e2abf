import type { Pixels, Rows } from './pixels.ts';

/**
 * The rows of a picture with alpha, with colours multiplied by alpha. Otherwise colours of
 * transparent pixels would show after mixing.
 */
export function premultipliedRowsOf({ data: from, width, height, channels }: Pixels): Rows {
  const row = new Uint8Array(width * channels);
  return {
    data: row,
    width,
    height,
    channels,
    seek(y) {
      premultiply(from, y * row.length, channels, row);
      return 0;
    },
  };
}

function premultiply(from: Uint8Array, start: number, channels: number, to: Uint8Array): void {
  const last = channels - 1;
  for (let pixel = 0; pixel < to.length; pixel += channels) {
    const alpha = from[start + pixel + last] ?? 0;
    for (let c = 0; c < last; c += 1) {
      // Divides by 255 and rounds, without a division.
      const scaled = (from[start + pixel + c] ?? 0) * alpha + 128;
      to[pixel + c] = ((scaled >> 8) + scaled) >> 8;
    }
    to[pixel + last] = alpha;
  }
}

/** Divides colours by alpha, in place. Rounding losses stay, as in Pillow. */
export function unpremultiply({ data, channels }: Pixels): void {
  const last = channels - 1;
  for (let pixel = 0; pixel < data.length; pixel += channels) {
    const alpha = data[pixel + last] ?? 0;
    if (alpha === 0 || alpha === 255) continue;
    for (let c = 0; c < last; c += 1)
      data[pixel + c] = Math.min(255, Math.trunc((255 * (data[pixel + c] ?? 0)) / alpha));
  }
}
