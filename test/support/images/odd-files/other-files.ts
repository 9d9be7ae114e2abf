import { noise } from '../image-seeds.ts';
import type { OddFile } from './odd-file.ts';

/** 2×2 pixels of 24 bits; rows are filled up to 8 bytes. */
function bmp(): Buffer {
  const bytes = Buffer.alloc(54 + 16);
  bytes.write('BM', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(2, 18);
  bytes.writeInt32LE(2, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  return bytes;
}

/** A picture of 16×16 in 32 bits, whose directory gives its length as `imageBytes`. A mask follows it. */
function ico(imageBytes: number): Buffer {
  const bytes = Buffer.alloc(6 + 16 + 40 + 4 * 16 * 16 + 4 * 16);
  bytes.writeUInt32BE(0x0000_0100, 0);
  bytes.writeUInt16LE(1, 4);
  bytes.writeUInt8(16, 6);
  bytes.writeUInt8(16, 7);
  bytes.writeUInt32LE(imageBytes, 14);
  bytes.writeUInt32LE(22, 18);
  bytes.writeUInt32LE(40, 22);
  bytes.writeInt32LE(16, 26);
  bytes.writeInt32LE(32, 30);
  bytes.writeUInt16LE(1, 34);
  bytes.writeUInt16LE(32, 36);
  return bytes;
}

const ICO_BYTES = ico(0).length - 22;

function psd(): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.write('8BPS', 0, 'latin1');
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt16BE(4, 12);
  bytes.writeUInt32BE(21, 14);
  bytes.writeUInt32BE(33, 18);
  bytes.writeUInt16BE(8, 22);
  bytes.writeUInt16BE(4, 24);
  return bytes;
}

/** Boxes of a HEIC with one property, and a box of pixels that gives its size as `pixelBytes`. */
function heic(pixelBytes: number): Buffer {
  const box = (type: string, ...parts: Buffer[]) => {
    const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(type, 'latin1'), ...parts]);
    bytes.writeUInt32BE(bytes.length, 0);
    return bytes;
  };
  const size = Buffer.alloc(12);
  size.writeUInt32BE(33, 4);
  size.writeUInt32BE(21, 8);
  const depth = Buffer.from([0, 0, 0, 0, 3, 10, 10, 10]);
  const properties = box('ipco', box('ispe', size), box('pixi', depth));
  const pixels = box('mdat', Buffer.alloc(8));
  pixels.writeUInt32BE(8 + pixelBytes, 0);
  // One item, whose place has four bytes and whose length has four.
  const index = box('iloc', Buffer.from('\0\0\0\0\x44\0\0\x01\0\x01\0\0\0\x01', 'latin1'), Buffer.alloc(8));
  const before = Buffer.concat([
    box('ftyp', Buffer.from('heic\0\0\0\0mif1heic', 'latin1')),
    box('meta', Buffer.alloc(4), box('iprp', properties), index),
  ]);
  before.writeUInt32BE(before.length + 8, before.length - 8);
  before.writeUInt32BE(pixelBytes, before.length - 4);
  return Buffer.concat([before, pixels]);
}

const noImage = (name: string, text: string): OddFile => ({
  name,
  make: () => Buffer.from(text, 'latin1'),
  format: null,
});

const zip = Buffer.from('PK\x05\x06'.padEnd(22, '\0'), 'latin1');
const avif = () => noise(32, 8).avif({ effort: 0 }).toBuffer();

/** A still picture in a file that says it is a sequence. The sequence has only its box, and `morePixels` bytes of pixels. */
async function avifSequence(morePixels = 0): Promise<Buffer> {
  const still = await avif();
  still.write('avis', 8, 'latin1');
  const pixels = Buffer.alloc(morePixels === 0 ? 0 : 8 + morePixels);
  if (morePixels > 0) pixels.write('mdat', pixels.writeUInt32BE(pixels.length), 'latin1');
  return Buffer.concat([still, Buffer.from('\0\0\0\x08moov', 'latin1'), pixels]);
}

export const OTHER_FILES: readonly OddFile[] = [
  {
    name: 'picture.bmp',
    make: bmp,
    format: 'BMP',
    facts: { trailingBytes: 0, channels: 3 },
  },
  {
    name: 'cut.bmp',
    make: () => bmp().subarray(0, -4),
    format: 'BMP',
    integrity: 'truncated',
    codes: ['bmp_data_outside_file'],
  },
  { name: 'picture.ico', make: () => ico(ICO_BYTES), format: 'ICO', facts: { frames: 1, trailingBytes: 0 } },
  {
    name: 'wrong-length.ico',
    make: () => ico(4_000),
    format: 'ICO',
    codes: ['ico_data_outside_file'],
  },
  {
    name: 'cut.ico',
    make: () => ico(ICO_BYTES).subarray(0, -100),
    format: 'ICO',
    integrity: 'truncated',
    codes: ['undecodable', 'ico_data_outside_file'],
  },
  {
    name: 'picture.psd',
    make: psd,
    format: 'PSD',
    integrity: 'not_checked',
    codes: ['not_decoded'],
    facts: { colourSpace: 'cmyk', channels: 4, bitDepth: 8 },
  },
  {
    name: 'header-only.psd',
    make: () => psd().subarray(0, 26),
    format: 'PSD',
    integrity: 'not_checked',
    codes: ['not_decoded', 'structure_cut_off'],
  },
  {
    name: 'picture.heic',
    make: () => heic(8),
    format: 'HEIF',
    integrity: 'not_checked',
    codes: ['not_decoded'],
    facts: { bitDepth: 10, channels: 3 },
  },
  {
    name: 'cut.heic',
    make: () => heic(800),
    format: 'HEIF',
    integrity: 'not_checked',
    codes: ['not_decoded', 'heif_data_outside_file', 'heif_box_outside_file'],
  },
  {
    name: 'picture.avif',
    make: () => noise(32, 8).ensureAlpha(0.5).avif({ effort: 0 }).toBuffer(),
    format: 'AVIF',
    facts: { hasAlpha: true, animated: false },
  },
  {
    name: 'sequence-and-picture.avif',
    make: () => avifSequence(),
    format: 'AVIF',
    codes: ['animated'],
    facts: { width: 32, height: 8, animated: true },
  },
  {
    name: 'sequence-with-a-damaged-picture.avif',
    make: async () => {
      const bytes = await avifSequence();
      return bytes.fill(0xff, bytes.indexOf('mdat') + 4, bytes.length - 8);
    },
    format: 'AVIF',
    integrity: 'corrupt data',
    codes: ['undecodable', 'animated'],
  },
  {
    name: 'sequence-only.avif',
    make: async () => {
      const bytes = await avifSequence();
      // Readers skip `free` boxes.
      bytes.write('free', bytes.indexOf('meta'), 'latin1');
      return bytes;
    },
    format: 'AVIF',
    integrity: 'not_checked',
    codes: ['not_decoded', 'animated'],
  },
  {
    name: 'sequence-without-a-primary-item.avif',
    make: async () => {
      const bytes = await avifSequence();
      bytes.write('free', bytes.indexOf('pitm'), 'latin1');
      return bytes;
    },
    format: 'AVIF',
    integrity: 'not_checked',
    codes: ['not_decoded', 'animated'],
  },
  {
    name: 'sequence-cut-short.avif',
    make: async () => (await avifSequence(1_000)).subarray(0, -1),
    format: 'AVIF',
    integrity: 'truncated',
    codes: ['heif_box_outside_file', 'animated', 'avif_box_outside_file'],
  },
  {
    name: 'something-behind.avif',
    make: async () => Buffer.concat([await avif(), zip]),
    format: 'AVIF',
    codes: ['heif_box_outside_file'],
  },
  noImage('svg.jpg', '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>'),
  noImage('html.jpg', '<!doctype html><html><body><img src="x.jpg"></body></html>'),
  noImage('pdf.jpg', '%PDF-1.7\n1 0 obj\n'),
  noImage('zip.jpg', 'PK\x03\x04'.padEnd(30, '\0')),
  noImage('text.jpg', 'This is a line of text, not an image.'),
  noImage('script.jpg', '#!/bin/sh\nexec true\n'),
  noImage('video.jpg', '\0\0\0\x18ftypisom\0\0\x02\0isommp42'),
  noImage('empty.jpg', ''),
  noImage('one-byte.jpg', '\xff'),
  noImage('zeros.jpg', '\0'.repeat(5_000)),
  noImage('signature-later.jpg', ' \xff\xd8\xff\xe0'),
];
