import sharp, { type Metadata, type Region, type Sharp, type SharpOptions } from 'sharp';

/** Options for decoding a picture, both for checking and for measuring it. */
export const DECODING = {
  failOn: 'warning',
  limitInputPixels: false,
  // Scanners of land and microscopes make TIFFs of dozens of channels. Memory is bounded by its estimate.
  limitInputChannels: false,
  sequentialRead: true,
  // Colours are read as stored, because applying the profile of a 640×427 JPEG
  // costs 5.3 ms on top of 3.6 ms for its pixels.
  ignoreIcc: true,
} as const;

/** The frames to decode: all (-1 pages), or a page. */
export type DecodingOptions = Pick<SharpOptions, 'page' | 'pages'>;

/**
 * Warnings of libtiff about how it reads a file, and why they are harmless: it warns again of every wrong code, and a strip
 * that reaches beyond the file is an error.
 */
const HARMLESS = [
  // Samples that have no meaning, and more bit depths than samples.
  /^Sum of Photometric type-related color channels and ExtraSamples doesn't match SamplesPerPixel/,
  /^Tag BitsPerSample entry count is \d+ , whereas it should be SamplesPerPixel=\d+\. Ignoring extra entries/,
  // Fax rows without codes that end them, and LZW in the order of bits of TIFF 5.
  /^Try to decode \(read\) fax Group 3 data without EOL/,
  /^Old-style LZW codes, convert file/,
  // A file of TIFF 5, whose strips need no length.
  /^TIFF directory is missing required "StripByteCounts" field, calculating from imagelength/,
];

/** The lines that sharp and libvips add if there was a warning. */
const FRAME = /^(?:Warning treated as error due to failOn setting|error in tile \d+ x \d+)?$/;

/**
 * Decodes rows of a picture, by default all. If all warnings are harmless, it decodes again and minds errors only: then
 * the decoder goes on after a warning, and each one is looked at.
 * @throws {Error} the decoder's own
 */
export async function readSamples(
  bytes: Buffer,
  options: DecodingOptions,
  metadata: Metadata,
  rows?: Region,
) {
  const read = (decoder: Sharp) =>
    toSamples(rows === undefined ? decoder : decoder.extract(rows), metadata).toBuffer({
      resolveWithObject: true,
    });
  try {
    return await read(sharp(bytes, { ...DECODING, ...options }));
  } catch (error) {
    const lines = (error as Error).message.split('\n').filter((line) => !FRAME.test(line));
    if (lines.length === 0 || !lines.every(isHarmless)) throw error;
  }
  const warnings: string[] = [];
  const decoder = sharp(bytes, { ...DECODING, ...options, failOn: 'error' });
  decoder.on('warning', (warning: string) => warnings.push(warning));
  const result = await read(decoder);
  const fault = warnings.find((warning) => !isHarmless(warning));
  if (fault !== undefined) throw new Error(fault);
  return result;
}

function isHarmless(warning: string): boolean {
  return HARMLESS.some((text) => text.test(warning));
}

/** Converts to samples of 8 bits. Grey stays grey, because sharp would convert it to RGB, which has another histogram. */
function toSamples(decoder: Sharp, { space, hasAlpha }: Pick<Metadata, 'space' | 'hasAlpha'>): Sharp {
  const isGrey = !hasAlpha && (space === 'b-w' || space === 'grey16');
  return (isGrey ? decoder.toColourspace('b-w') : decoder).raw({ depth: 'uchar' });
}
