import { describe, expect, it } from 'vitest';
import { inspect } from './inspect-file.ts';

const REPORTS = 'test/support/images/reports/';

/** Files as people report them, with what two other decoders make of them. */
describe('a reported file', () => {
  it.each([
    ['jpeg/jpeg-12bit.jpg', 'no decoder for 12 bits a sample', []],
    ['jpeg/jpeg-lossless-sof3.jpg', 'no decoder for the lossless process', ['jpeg_lossless']],
  ])('%s is not called damaged, because it only lacks a decoder', async (name, reason, codes) => {
    const facts = await inspect(REPORTS + name);
    expect(facts?.integrity).toEqual({ state: 'not_checked', reason });
    expect(facts?.notes?.map(({ code, severity }) => [code, severity])).toEqual(
      codes.map((code) => [code, 'warning']),
    );
  });

  it.each([
    ['jpeg/jfif-and-adobe-0.jpg', { colourSpace: 'ycbcr' }],
    ['jpeg/control.jpg', { colourSpace: 'ycbcr' }],
  ])('%s has the colours that decoders show', async (name, facts) => {
    expect(await inspect(REPORTS + name)).toMatchObject({ integrity: { state: 'intact' }, ...facts });
  });

  it('jpeg/exif-behind-scan.jpg is not turned by EXIF that no viewer looks at', async () => {
    const facts = await inspect(`${REPORTS}jpeg/exif-behind-scan.jpg`);
    expect(facts).toMatchObject({ integrity: { state: 'intact' }, displayed: { width: 160, height: 120 } });
    expect(facts?.orientation ?? 1).toBe(1);
  });
});
