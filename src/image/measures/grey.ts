import { createTurnGrey, type TurnGrey } from './kernel.ts';
import type { Pixels, Rows } from './pixels.ts';

/** Each pixel's luma of ITU-R 601-2 as Pillow's `convert("L")` rounds it. Alpha is ignored. */
export function greyRowsOf({ data: from, width, height, channels }: Pixels): Rows {
  const row = new Uint8Array(width);
  const read = channels < 3 ? readGrey(channels) : createTurnGrey(width, channels);
  return {
    data: row,
    width,
    height,
    channels: 1,
    seek(y) {
      read(from, y * width * channels, row);
      return 0;
    },
  };
}

function readGrey(channels: number): TurnGrey {
  return (from, at, to) => {
    for (let x = 0, i = at; x < to.length; x += 1, i += channels) to[x] = from[i] ?? 0;
  };
}
