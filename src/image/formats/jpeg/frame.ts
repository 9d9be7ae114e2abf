import type { ColourSpace } from '../../../domain/image-facts.ts';
import type { StructureDraft } from '../../structure-draft.ts';

const DATA_UNIT_PX = 8;

interface Component {
  readonly id: number;
  readonly horizontal: number;
  readonly vertical: number;
}

/** A frame header (T.81, B.2.2). */
export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
  readonly isSequential: boolean;
  readonly isLossless: boolean;
  readonly isProgressive: boolean;
  /** Sequential or progressive with Huffman codes. */
  readonly isHuffman: boolean;
}

/** Baseline frames (SOF0) have 8 bits a sample, so 12 in one of them is a fault. The decoder's build lacks 12. */
const NOT_DECODED_BITS = 12;

/** Notes kinds of coding that decoders lack or may lack. Null if the header is cut off. */
export function readFrameHeader(marker: number, data: Buffer, draft: StructureDraft): JpegFrame | null {
  const count = data[5] ?? 0;
  if (data.length < 6 + 3 * count) {
    draft.note('jpeg_segment_invalid', 'frame header too short');
    return null;
  }
  // Table B.1: the low two bits are the process, the third bit means differential, the fourth arithmetic.
  const process = marker & 3;
  if (marker >= 0xc8) draft.note('jpeg_arithmetic');
  if (process === 3) {
    draft.note('jpeg_lossless');
    draft.notDecoded ??= 'no decoder for the lossless process';
  } else if (process !== 0 && data[0] === NOT_DECODED_BITS) {
    draft.notDecoded ??= 'no decoder for 12 bits a sample';
  }
  draft.properties.bitDepth = data.readUInt8(0);
  draft.properties.channels = count;
  draft.properties.progressive = process === 2;
  const components = Array.from({ length: count }, (_, index) => {
    const factors = data.readUInt8(7 + 3 * index);
    return { id: data.readUInt8(6 + 3 * index), horizontal: factors >> 4, vertical: factors & 15 };
  });
  return {
    width: data.readUInt16BE(3),
    height: data.readUInt16BE(1),
    components,
    isSequential: process < 2,
    isLossless: process === 3,
    isProgressive: process === 2,
    isHuffman: marker <= 0xc2,
  };
}

/**
 * Number of restart markers that the scan with this header must have: one between
 * any two intervals. Null if it is unknown.
 */
export function countRestarts(frame: JpegFrame, interval: number, header: Buffer): number | null {
  if (interval === 0) return 0;
  const units = countUnits(frame, header);
  return units === null ? null : Math.ceil(units / interval) - 1;
}

/**
 * Number of minimum coded units of a scan (A.2): blocks of its only component, or groups of blocks of all components.
 * Null if it is unknown.
 */
export function countUnits(frame: JpegFrame, header: Buffer): number | null {
  const { width, height, components, isLossless } = frame;
  // If the height is 0, a DNL segment after the first scan gives it.
  if (isLossless || height === 0 || width === 0) return null;
  const widest = Math.max(...components.map(({ horizontal }) => horizontal));
  const tallest = Math.max(...components.map(({ vertical }) => vertical));
  if (header[0] === 1) {
    const only = components.find(({ id }) => id === header[1]);
    if (only === undefined || widest === 0 || tallest === 0) return null;
    const columns = Math.ceil((width * only.horizontal) / widest);
    const rows = Math.ceil((height * only.vertical) / tallest);
    return Math.ceil(columns / DATA_UNIT_PX) * Math.ceil(rows / DATA_UNIT_PX);
  }
  return Math.ceil(width / (DATA_UNIT_PX * widest)) * Math.ceil(height / (DATA_UNIT_PX * tallest));
}

/** Coefficients of all components, with the blocks that fill up the last units (A.2.4). 0 if it is unknown. */
export function countCoefficients({ width, height, components }: JpegFrame): number {
  const widest = Math.max(...components.map(({ horizontal }) => horizontal));
  const tallest = Math.max(...components.map(({ vertical }) => vertical));
  if (widest <= 0 || tallest <= 0) return 0;
  const units = Math.ceil(width / (DATA_UNIT_PX * widest)) * Math.ceil(height / (DATA_UNIT_PX * tallest));
  const blocks = components.reduce((sum, { horizontal, vertical }) => sum + horizontal * vertical, 0);
  return units * blocks * DATA_UNIT_PX ** 2;
}

/**
 * Guesses as libjpeg does. Three components are YCbCr if there is a JFIF segment. Otherwise Adobe's segment decides, and
 * after it the components' names. Four are CMYK without Adobe's segment. A transform that does not exist counts as YCbCr
 * or YCCK.
 */
export function guessColourSpace(
  { components }: JpegFrame,
  hasJfif: boolean,
  adobe: Buffer | null,
): ColourSpace {
  // The transform stands at this place (T.872, 6.5.3).
  const transform = adobe?.[11] ?? null;
  switch (components.length) {
    case 1:
      return 'grey';
    case 3: {
      if (hasJfif) return 'ycbcr';
      const names = String.fromCodePoint(...components.map(({ id }) => id));
      return transform === 0 || (transform === null && names === 'RGB') ? 'rgb' : 'ycbcr';
    }
    case 4:
      return (transform ?? 0) === 0 ? 'cmyk' : 'ycck';
    default:
      return 'other';
  }
}
