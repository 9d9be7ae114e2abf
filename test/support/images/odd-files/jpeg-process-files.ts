import { greyJpeg, hierarchicalJpeg, segment } from './jpeg-parts.ts';
import type { OddFile } from './odd-file.ts';

const format = 'JPEG';

/** Coded in ways that decoders lack: sound files are not checked, and damage that shows without a decoder still counts. */
export const JPEG_FILES_OF_OTHER_PROCESSES: readonly OddFile[] = [
  {
    name: 'lossless.jpg',
    make: () => greyJpeg({ frameMarker: 0xc3, first: 1 }),
    format,
    integrity: 'not_checked',
    codes: ['not_decoded', 'jpeg_lossless'],
  },
  {
    name: 'lossless-cut-short.jpg',
    make: () => greyJpeg({ frameMarker: 0xc3, first: 1 }).subarray(0, -2),
    format,
    integrity: 'truncated',
    codes: ['jpeg_lossless', 'jpeg_missing_eoi'],
  },
  {
    name: 'lossless-without-a-predictor.jpg',
    make: () => greyJpeg({ frameMarker: 0xc3 }),
    format,
    integrity: 'corrupt data',
    codes: ['jpeg_lossless', 'jpeg_segment_invalid'],
  },
  {
    name: 'hierarchical.jpg',
    make: () => greyJpeg({ frameMarker: 0xc5 }),
    format,
    integrity: 'not_checked',
    codes: ['not_decoded', 'jpeg_hierarchical'],
  },
  {
    name: 'frames-of-two-sizes.jpg',
    make: () => hierarchicalJpeg(),
    format,
    integrity: 'not_checked',
    codes: ['not_decoded', 'jpeg_hierarchical'],
  },
  {
    name: 'differential-frame-behind-another.jpg',
    make: () => greyJpeg({ afterHeaders: segment(0xc5, Buffer.from('08000800200101110000', 'hex')) }),
    format,
    integrity: 'corrupt data',
    codes: ['undecodable'],
  },
  { name: 'arithmetic.jpg', make: () => greyJpeg({ frameMarker: 0xc9 }), format, codes: ['jpeg_arithmetic'] },
  {
    name: 'twelve-bits.jpg',
    make: () => greyJpeg({ frameMarker: 0xc1, bits: 12 }),
    format,
    integrity: 'not_checked',
    codes: ['not_decoded'],
    facts: { bitDepth: 12 },
  },
  {
    name: 'twelve-bits-cut-short.jpg',
    make: () => greyJpeg({ frameMarker: 0xc1, bits: 12, width: 1000, scan: Buffer.alloc(4) }),
    format,
    integrity: 'truncated',
    codes: ['jpeg_data_short'],
  },
  {
    name: 'twelve-bits-in-a-baseline-frame.jpg',
    make: () => greyJpeg({ bits: 12 }),
    format,
    integrity: 'corrupt data',
    codes: ['undecodable'],
  },
];
