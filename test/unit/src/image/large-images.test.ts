import { describe, expect, it } from 'vitest';
import { noise } from '../../../support/images/image-seeds.ts';
import { inspect } from './inspect-file.ts';

const REPORTED = 'test/support/images/reported';

describe('a large image', () => {
  it.each([
    ['a JPEG of 60 megapixels that is only a header', 'jpeg-60mp-header-only.jpg'],
    ['ten bytes of a GIF of 4,295 megapixels', 'gif-10-bytes-65535.gif'],
  ])('is damaged if its structure proves it: %s', async (_what, name) => {
    expect(await inspect(`${REPORTED}/${name}`)).toMatchObject({
      integrity: { state: 'damaged', reason: 'truncated' },
    });
  });

  it.each([false, true])(
    'is damaged if it is half a photograph of 61 megapixels, progressive: %s',
    async (progressive) => {
      const bytes = await noise(99, 66)
        .resize(9504, 6336, { kernel: 'nearest' })
        .jpeg({ progressive })
        .toBuffer();
      expect(await inspect(bytes.subarray(0, bytes.length / 2))).toMatchObject({
        width: 9504,
        height: 6336,
        integrity: { state: 'damaged', reason: 'truncated' },
      });
    },
  );
});
