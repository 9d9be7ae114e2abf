import { describe, expect, it } from 'vitest';
import type { ImageFormat } from '../../../../src/domain/image-facts.ts';
import { readStructure } from '../../../../src/image/structure.ts';
import { createRandom, SEEDS } from '../../../support/images/image-seeds.ts';
import { chunk } from '../../../support/images/odd-files/png-parts.ts';
import { expectProcessorTimeWithin, processorMs } from '../../../support/machine-pace.ts';

/** Processor time for 16 MiB, in microseconds. The slowest format takes a third of it, most take a tenth. */
const BOUND_MS = 1_000;

const MiB = 1024 * 1024;
const hex = (text: string) => Buffer.from(text, 'hex');
const text = (content: string) => Buffer.from(content, 'latin1');

/** A screen and a frame of 7,000 × 7,000, code size 2. */
const GIF_PIXELS = Buffer.concat([text('GIF89a\x58\x1b\x58\x1b\0\0\0\x2c'), hex('00000000581b581b0002')]);

/** Files that could keep a reader busy: a head, and then the same few bytes to the end. */
const BUSY: readonly (readonly [ImageFormat, string, head: Buffer, again: Buffer])[] = [
  ['JPEG', 'fill bytes', hex('ffd8'), hex('ff')],
  ['JPEG', 'garbage', hex('ffd8ffe00002'), hex('00')],
  ['JPEG', 'coded data', hex('ffd8ffda0002'), hex('ff00')],
  ['JPEG', 'restart markers', hex('ffd8ffda0002'), hex('ffd0')],
  ['JPEG', 'empty segments', hex('ffd8'), hex('ffe00002')],
  ['JPEG', 'EXIF', hex('ffd8'), hex('ffe100104578696600004d4d002a00000008')],
  [
    'JPEG',
    'parts of a profile',
    hex('ffd8'),
    Buffer.concat([hex('ffe20010'), text('ICC_PROFILE\0\x01\x01')]),
  ],
  ['JPEG', 'pictures', hex('ffd8ffd9'), hex('ffd8ffd9')],
  ['PNG', 'chunks', hex('89504e470d0a1a0a'), chunk('teXt')],
  ['PNG', 'chunks of pixels', hex('89504e470d0a1a0a'), chunk('IDAT')],
  ['GIF', 'sub-blocks', text('GIF89a\x01\0\x01\0\0\0\0\x21\xfe'), hex('01')],
  ['GIF', 'extensions', text('GIF89a\x01\0\x01\0\0\0\0'), hex('21fe00')],
  // Codes of three bits: each clears the table, or each second is a pixel.
  ['GIF', 'clear codes', GIF_PIXELS, Buffer.concat([hex('ff'), Buffer.alloc(255, hex('244992'))])],
  ['GIF', 'pixels', GIF_PIXELS, Buffer.concat([hex('fc'), Buffer.alloc(252, hex('040810204080000102'))])],
  ['GIF', 'frames', text('GIF89a\x01\0\x01\0\0\0\0'), hex('2c000000000000000000000000')],
  ['WEBP', 'frames', text('RIFF\xff\xff\xff\x00WEBP'), text('ANMF\0\0\0\0')],
  ['HEIF', 'boxes', text('\0\0\0\x10ftypheic\0\0\0\0'), text('\0\0\0\x08meta')],
  ['HEIF', 'boxes in boxes', text('\0\0\0\x10ftypheic\0\0\0\0'), text('\0\0\0\0meta')],
  ['ICO', 'images', text('\0\0\x01\0\xff\xff'), hex('ff')],
];

/** 4,000 directories of 60,000 fields, each beginning 14 bytes after the other. */
function overlappingDirectories(): Buffer {
  const bytes = Buffer.alloc(MiB);
  bytes.write('II*\0\x08', 0, 'latin1');
  for (let at = 8; at < 8 + 14 * 4_000; at += 14) {
    bytes.writeUInt16LE(60_000, at);
    if (at + 720_002 + 4 < MiB) bytes.writeUInt32LE(at + 14, at + 720_002);
  }
  return bytes;
}

describe('reading the structure of a file', () => {
  it.each(BUSY)('takes no longer than its length: a %s of %s', (format, _what, head, again) => {
    const bytes = Buffer.alloc(16 * MiB);
    head.copy(bytes);
    bytes.fill(again, head.length);
    const begin = processorMs();
    const { properties, notes } = readStructure(format, bytes);
    expectProcessorTimeWithin(processorMs() - begin, BOUND_MS);
    expect(JSON.stringify([properties, notes]).length).toBeLessThan(2_000);
  });

  it('takes no longer than its length: directories of a TIFF that lie over each other', () => {
    const bytes = overlappingDirectories();
    const begin = processorMs();
    const { damage } = readStructure('TIFF', bytes);
    expectProcessorTimeWithin(processorMs() - begin, BOUND_MS);
    expect(damage).toBe('corrupt data');
  });

  it('never throws, whatever the format and the bytes', async () => {
    const next = createRandom(7);
    const formats: ImageFormat[] = [
      'JPEG',
      'PNG',
      'GIF',
      'WEBP',
      'BMP',
      'TIFF',
      'HEIF',
      'AVIF',
      'ICO',
      'PSD',
    ];
    const seeds = await Promise.all(Object.values(SEEDS).map((make) => make()));
    const starts = [
      ...seeds,
      Buffer.from('II*\0\x08\0\0\0\xff\xff', 'latin1'),
      Buffer.from('MM\0+', 'latin1'),
    ];
    for (let round = 0; round < 3_000; round += 1) {
      const start = starts[round % starts.length] ?? Buffer.alloc(0);
      const bytes = Buffer.alloc(next(600));
      for (let at = 0; at < bytes.length; at += 1) bytes[at] = next(4) === 0 ? next(256) : 0;
      start.copy(bytes, 0, 0, next(200));
      for (const format of formats) {
        const { properties, notes } = readStructure(format, bytes);
        expect(JSON.stringify([properties, notes])).toMatch(/^[ -~]*$/);
      }
    }
  });
});
