/** A decoded picture: samples of 8 bits, row by row from the top, without gaps between pixels or rows. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Grey; grey and alpha; RGB; RGB and alpha. */
  readonly channels: 1 | 2 | 3 | 4;
}

/** A picture that is made row by row from another, because a copy of a large picture costs hundreds of MiB. */
export interface Rows {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  /** Holds the rows. A row is valid until the next `seek`. */
  readonly data: Uint8Array;
  /** Makes row `y` available. Returns where it begins in `data`. */
  seek(y: number): number;
}

/** The picture's own rows, not copied. */
export function rowsOf({ data, width, height, channels }: Pixels): Rows {
  return { data, width, height, channels, seek: (y) => y * width * channels };
}

export function pixelsOf(rows: Rows): Pixels {
  const { width, height, channels } = rows;
  const stride = width * channels;
  const data = new Uint8Array(height * stride);
  for (let y = 0; y < height; y += 1) {
    const start = rows.seek(y);
    data.set(rows.data.subarray(start, start + stride), y * stride);
  }
  return { data, width, height, channels };
}
