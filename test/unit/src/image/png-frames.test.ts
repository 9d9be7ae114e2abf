import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  animationControl,
  chunk,
  frameControl,
  header,
  png,
} from '../../../support/images/odd-files/png-parts.ts';
import { inspect } from './inspect-file.ts';

const KINDS = [
  { colourType: 0, depths: [1, 2, 4, 8, 16], channels: 1 },
  { colourType: 2, depths: [8, 16], channels: 3 },
  { colourType: 6, depths: [8, 16], channels: 4 },
].flatMap(({ depths, ...kind }) => depths.map((depth) => ({ ...kind, depth })));

/** The rows of a picture of 13 × 11 pixels, each after its filter's byte. */
const rowsOf = (bits: number) => Buffer.alloc(11 * (1 + Math.ceil((13 * bits) / 8)));

/** An animation of two frames, the second of which has `second` as its zlib stream, in parts of `part` bytes. */
function animation(
  { colourType = 0, depth = 8, channels = 1 },
  second: Buffer,
  part = second.length,
): Buffer {
  const size = { width: 13, height: 11 };
  const parts: Buffer[] = [];
  for (let at = 0; at < second.length; at += part) {
    const sequence = Buffer.from([0, 0, 0, 2 + parts.length]);
    parts.push(chunk('fdAT', Buffer.concat([sequence, second.subarray(at, at + part)])));
  }
  return png(
    header({ ...size, colourType, depth }),
    animationControl(2),
    frameControl(0, size),
    chunk('IDAT', deflateSync(rowsOf(depth * channels))),
    frameControl(1, size),
    ...parts,
  );
}

describe('the second frame of an animated PNG', () => {
  it.each(KINDS)('must have every row: colour type $colourType, $depth bits', async (kind) => {
    const rows = rowsOf(kind.depth * kind.channels);
    expect(await inspect(animation(kind, deflateSync(rows), 7))).toMatchObject({
      integrity: { state: 'intact' },
    });
    for (const second of [
      deflateSync(rows.subarray(0, -1)),
      deflateSync(rows).subarray(0, -6),
      Buffer.alloc(0),
    ])
      expect((await inspect(animation(kind, second)))?.integrity).toEqual({
        state: 'damaged',
        reason: 'truncated',
      });
  });

  it('must have known filters in all rows', async () => {
    const rows = rowsOf(8);
    for (let row = 0; row < 11; row += 1) {
      const wrong = Buffer.from(rows);
      wrong[row * 14] = 5;
      expect((await inspect(animation({}, deflateSync(wrong))))?.integrity.state, `row ${row}`).toBe(
        'damaged',
      );
      wrong[row * 14] = 4;
      expect((await inspect(animation({}, deflateSync(wrong))))?.integrity.state, `row ${row}`).toBe(
        'intact',
      );
    }
  });

  it('may have data after its last row, as decoders ignore it', async () => {
    const longer = Buffer.concat([rowsOf(8), Buffer.alloc(1_000_000, 7)]);
    expect((await inspect(animation({}, deflateSync(longer))))?.integrity.state).toBe('intact');
  });

  it.each([
    ['none', { width: 0 }],
    ['wider', { width: 14 }],
    ['lower than the picture', { height: 11, top: 1 }],
  ])('must lie in the picture: %s', async (_what, size) => {
    const still = { width: 13, height: 11 };
    const file = png(
      header(still),
      animationControl(2),
      frameControl(0, still),
      chunk('IDAT', deflateSync(rowsOf(8))),
      frameControl(1, { ...still, ...size }),
    );
    const facts = await inspect(file);
    expect(facts?.integrity).toEqual({ state: 'damaged', reason: 'corrupt data' });
    expect(facts?.notes?.map(({ code }) => code)).toEqual(['apng_frame_invalid', 'animated']);
  });

  it('is not looked at without acTL, because no viewer shows it', async () => {
    const file = animation({}, Buffer.from('garbage'));
    const without = Buffer.concat([file.subarray(0, 33), file.subarray(33 + 20)]);
    expect((await inspect(without))?.integrity.state).toBe('intact');
  });
});
