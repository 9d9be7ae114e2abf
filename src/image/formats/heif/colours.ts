import type { ColourSpace } from '../../../domain/image-facts.ts';
import type { Box } from './boxes.ts';

/** Whether a codec stores only brightness, by its configuration (AV1 in ISOBMFF, 2.3.3; ISO/IEC 14496-15, 8.3.3.1). */
const IS_GREY: Readonly<Record<string, (bytes: Buffer, at: number) => boolean>> = {
  av1C: (bytes, at) => (bytes.readUInt8(at + 2) & 0x10) !== 0,
  hvcC: (bytes, at) => (bytes.readUInt8(at + 16) & 3) === 0,
};

/** Matrix coefficients of samples that are red, green and blue (ITU-T H.273, table 4). */
const IDENTITY = 0;

/**
 * How the samples of the primary picture are stored. If it is a grid, only its tiles have a codec, and the first codec of the file
 * is theirs. Undefined without a codec that is known here.
 */
export function createColours(bytes: Buffer) {
  let codec: Box | undefined;
  let isRgb = false;
  return {
    /** Called with each property of the primary picture. */
    own(property: Box): void {
      const { type, start } = property;
      if (type in IS_GREY) codec ??= property;
      if (type === 'colr' && bytes.toString('latin1', start, start + 4) === 'nclx')
        isRgb = bytes.readUInt16BE(start + 8) === IDENTITY;
    },
    /** Called afterwards with each property of the file. */
    any(property: Box): void {
      if (property.type in IS_GREY) codec ??= property;
    },
    read(): ColourSpace | undefined {
      if (codec === undefined) return undefined;
      if (IS_GREY[codec.type]?.(bytes, codec.start) === true) return 'grey';
      return isRgb ? 'rgb' : 'ycbcr';
    },
  };
}
