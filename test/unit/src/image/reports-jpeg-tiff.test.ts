import { describe, expect, it } from 'vitest';
import { inspect } from './inspect-file.ts';

const REPORTS = 'test/support/images/reports/';

/** Files as people report them, with what two other decoders make of them. */
describe('a reported file', () => {
  it.each([
    ['jpeg/sos-0-0-0.jpg', 'jpeg/control.jpg', 'jpeg_odd_value'],
    ['jpeg/jpeg-sos-se0.jpg', 'jpeg/jpeg-good.jpg', 'jpeg_odd_value'],
    ['jpeg/adobe-7-ycbcr.jpg', null, 'jpeg_odd_value'],
    ['jpeg/stray-2-before-dqt.jpg', 'jpeg/control.jpg', 'jpeg_garbage_between_segments'],
    ['jpeg/jpeg-2-zeros-before-dqt.jpg', 'jpeg/jpeg-good.jpg', 'jpeg_garbage_between_segments'],
    ['jpeg/segment-00e1.jpg', 'jpeg/control.jpg', 'jpeg_garbage_between_segments'],
    ['jpeg/segment-length-2-short.jpg', 'jpeg/control.jpg', 'jpeg_garbage_between_segments'],
    ['jpeg/left-progressive-first-04.jpg', 'jpeg/control-progressive.jpg', 'jpeg_bytes_left'],
    ['jpeg/left-baseline-first-04.jpg', 'jpeg/control.jpg', 'jpeg_bytes_left'],
    ['jpeg/scans-one-each-2-bytes-between.jpg', null, 'jpeg_bytes_left'],
    ['jpeg/jpeg-16-zeros-before-eoi.jpg', 'jpeg/jpeg-good.jpg', 'jpeg_bytes_left'],
    ['tiff/tiff-ascii-no-nul.tif', 'tiff/tiff-good.tif', null],
    ['tiff/tiff-ascii-nul-inside.tif', 'tiff/tiff-good.tif', null],
  ])('%s passes, because what is odd in it touches no pixel', async (name, control, code) => {
    const facts = await inspect(REPORTS + name, { measures: ['pixelHash'] });
    expect(facts?.integrity).toEqual({ state: 'intact' });
    expect(facts?.notes?.map((note) => [note.code, note.severity])).toEqual(
      code === null ? [] : [[code, 'warning']],
    );
    if (control === null) return;
    const whole = await inspect(REPORTS + control, { measures: ['pixelHash'] });
    expect(whole).toMatchObject({ integrity: { state: 'intact' }, notes: [] });
    expect(facts?.measures).toEqual(whole?.measures);
  });

  it.each([
    ['tiff/tiff-grey-6-bits.tif', 'no decoder for 6 bits a sample', ['not_decoded']],
    ['tiff/tiff-float64.tif', 'no decoder for 64 bits a sample', ['not_decoded']],
    ['jpeg/jpeg-12bit.jpg', 'no decoder for 12 bits a sample', ['not_decoded']],
    ['jpeg/jpeg-lossless-sof3.jpg', 'no decoder for the lossless process', ['not_decoded', 'jpeg_lossless']],
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
