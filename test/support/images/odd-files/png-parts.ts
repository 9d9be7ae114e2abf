import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

export function chunk(type: string, data: Buffer | string = ''): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), Buffer.from(data as string, 'latin1')]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(content.length - 4, 0);
  ends.writeUInt32BE(crc32(content), 4);
  return Buffer.concat([ends.subarray(0, 4), content, ends.subarray(4)]);
}

interface Header {
  readonly width?: number;
  readonly height?: number;
  readonly depth?: number;
  readonly colourType?: number;
}

export function header({ width = 4, height = 4, depth = 8, colourType = 0 }: Header = {}): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.writeUInt8(depth, 8);
  data.writeUInt8(colourType, 9);
  return chunk('IHDR', data);
}

/** Four rows of four black pixels of one byte, each row after its filter's byte. */
export const pixels = deflateSync(Buffer.alloc(4 * 5));

export const png = (...chunks: Buffer[]): Buffer => Buffer.concat([SIGNATURE, ...chunks, chunk('IEND')]);

/** A whole picture with the given chunks before and after its pixels. */
export const greyPng = (before: Buffer[] = [], after: Buffer[] = []): Buffer =>
  png(header(), ...before, chunk('IDAT', pixels), ...after);

const numbers = (...values: number[]): Buffer => {
  const data = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) data.writeUInt32BE(value, 4 * index);
  return data;
};

export const animationControl = (frames: number): Buffer => chunk('acTL', numbers(frames, 0));

/** A frame for a tenth of a second. By default it covers a picture of 4 × 4. */
export const frameControl = (sequence: number, { width = 4, height = 4, top = 0 } = {}): Buffer =>
  chunk('fcTL', Buffer.concat([numbers(sequence, width, height, 0, top), Buffer.from([0, 1, 0, 10, 0, 0])]));

export const frameData = (sequence: number): Buffer =>
  chunk('fdAT', Buffer.concat([numbers(sequence), pixels]));

/** Data that inflates to `start` and 64 MiB of zeros. */
export function bomb(start: Buffer = Buffer.alloc(0)): Buffer {
  const content = Buffer.alloc(64 * 1024 * 1024);
  start.copy(content);
  return deflateSync(content, { level: 9 });
}
