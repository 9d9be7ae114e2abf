import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readHeaderDimensions } from '../../../../src/image/header-dimensions.ts';
import { sniffFormat } from '../../../../src/image/sniff.ts';
import { explainNoImage } from '../../../../src/image/sniff-other.ts';
import { ODD_FILES } from '../../../support/images/odd-files.ts';
import { inspect } from './inspect-file.ts';

const picture = () => sharp({ create: { width: 33, height: 21, channels: 3, background: 'teal' } });

function bmp(): Buffer {
  const bytes = Buffer.alloc(54 + 100 * 21);
  bytes.write('BM', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(33, 18);
  bytes.writeInt32LE(-21, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  return bytes;
}

function ico(): Buffer {
  const bytes = Buffer.alloc(6 + 16 + 40);
  bytes.writeUInt32BE(0x0000_0100, 0);
  bytes.writeUInt16LE(1, 4);
  bytes.writeUInt8(0, 6);
  bytes.writeUInt8(64, 7);
  bytes.writeUInt32LE(40, 14);
  bytes.writeUInt32LE(22, 18);
  return bytes;
}

function psd(): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.write('8BPS', 0, 'latin1');
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt16BE(3, 12);
  bytes.writeUInt32BE(21, 14);
  bytes.writeUInt32BE(33, 18);
  return bytes;
}

function heic(): Buffer {
  const ftyp = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1');
  const ispe = Buffer.alloc(20);
  ispe.writeUInt32BE(20, 0);
  ispe.write('ispe', 4, 'latin1');
  ispe.writeUInt32BE(33, 12);
  ispe.writeUInt32BE(21, 16);
  const meta = Buffer.alloc(12);
  meta.writeUInt32BE(12 + ispe.length, 0);
  meta.write('meta', 4, 'latin1');
  return Buffer.concat([ftyp, meta, ispe]);
}

describe('formats by content', () => {
  it.each<[string, string, () => Promise<Buffer> | Buffer, string]>([
    ['JPEG', 'a JPEG', () => picture().jpeg().toBuffer(), 'intact'],
    ['PNG', 'a PNG', () => picture().png().toBuffer(), 'intact'],
    ['GIF', 'a GIF', () => picture().gif().toBuffer(), 'intact'],
    ['WEBP', 'a WebP', () => picture().webp().toBuffer(), 'intact'],
    ['TIFF', 'a TIFF', () => picture().tiff().toBuffer(), 'intact'],
    ['TIFF', 'a BigTIFF', () => picture().tiff({ bigtiff: true }).toBuffer(), 'intact'],
    ['AVIF', 'an AVIF', () => picture().avif().toBuffer(), 'intact'],
    ['HEIF', 'a HEIC', heic, 'not_checked'],
    ['BMP', 'a BMP', bmp, 'intact'],
    ['PSD', 'a PSD', psd, 'not_checked'],
  ])('names %s for %s of 33×21', async (format, _what, make, state) => {
    expect(await inspect(await make())).toMatchObject({
      format,
      width: 33,
      height: 21,
      integrity: { state },
    });
  });

  it('names ICO, where a side of 0 means 256', async () => {
    expect(await inspect(ico())).toMatchObject({ format: 'ICO', width: 256, height: 64 });
  });

  it.each([
    ['nothing', '', 'empty'],
    ['text', 'This is a line of text, not an image.'],
    ['text that begins with BM', 'BMW is a car maker from Munich, and this is a text about it.'],
    ['text that begins with P', 'P1 is the name of a car, but P10 is not.', 'PBM'],
    ['text that begins with P7.', 'P7.5 is not a name.'],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>', 'SVG'],
    ['SVG with a declaration', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', 'SVG'],
    [
      'SVG with all that may come first',
      '\xef\xbb\xbf<?xml version="1.0"?>\n<!-- made by hand -->\n<!DOCTYPE svg PUBLIC "a" "b">\n<svg>',
      'SVG',
    ],
    ['SVG with a prefix', '<svg:svg xmlns:svg="http://www.w3.org/2000/svg">', 'SVG'],
    ['other XML', '<?xml version="1.0"?><note about="svg"/>'],
    ['HTML', '<!doctype html><html><body><img src="x.jpg"></body></html>', 'HTML'],
    ['a PDF', '%PDF-1.7\n1 0 obj\n', 'PDF'],
    ['a WAV', 'RIFF\x24\0\0\0WAVEfmt '],
    ['an MP4', '\0\0\0\x18ftypisom\0\0\x02\0isommp42', 'video'],
    ['a cursor', '\0\0\x02\0\x01\0\x10\x10\0\0\0\0\0\0\x28\0\0\0\x16\0\0\0', 'CUR'],
    ['zeros', '\0'.repeat(600)],
    ['two bytes of a JPEG', '\xff\xd8'],
    ['two bytes of a JPEG before a text', '\xff\xd8 is how a JPEG begins'],
    ['both ends of a JPEG, and nothing between', '\xff\xd8\0\xff\xd9'],
    ['a gzip', '\x1f\x8b\x08\0\0\0\0\0', 'GZIP'],
    ['a PPM', 'P6\n# by hand\n1 1\n255\n\0\0\0', 'PPM'],
    ['a PGM', 'P5 1 1 255 \0', 'PGM'],
    ['a PAM', 'P7\nWIDTH 1\n', 'PAM'],
    ['a JPEG 2000', '\0\0\0\x0cjP  \r\n\x87\n', 'JPEG 2000'],
    ['a JPEG XL', '\0\0\0\x0cJXL \r\n\x87\n', 'JPEG XL'],
    ['a DICOM', `${'\0'.repeat(128)}DICM`, 'DICOM'],
  ])('takes %s for no image, and says why', async (_what, text, why = 'unknown_format') => {
    const cause = ['empty', 'unknown_format'].includes(why) ? why : 'unsupported_format';
    const bytes = Buffer.from(text, 'latin1');
    expect(await inspect(bytes)).toBeNull();
    expect(explainNoImage(bytes)).toEqual({ cause, ...(cause === 'unsupported_format' && { format: why }) });
  });
});

it('accepts a file that ends anywhere in its first bytes', async () => {
  const files = await Promise.all(ODD_FILES.map(async ({ make }) => make()));
  for (const file of [...files, bmp(), ico(), psd()])
    for (let length = 0; length <= Math.min(file.length, 600); length += 1) {
      const head = file.subarray(0, length);
      const format = sniffFormat(head);
      if (format !== null) expect(() => readHeaderDimensions(format, head)).not.toThrow();
    }
});
