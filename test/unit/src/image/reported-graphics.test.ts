import { describe, expect, it } from 'vitest';
import type { ImageFacts } from '../../../../src/domain/image-facts.ts';
import type { DamageReason, ImageNoteCode } from '../../../../src/domain/image-notes.ts';
import { inspect } from './inspect-file.ts';

interface Reported {
  readonly file: string;
  readonly integrity: 'intact' | 'not_checked' | DamageReason;
  /** All notes, in the order found. */
  readonly codes?: readonly ImageNoteCode[];
  readonly facts?: Partial<ImageFacts>;
}

/** Files of kinds that people reported. Two independent decoders decided what each must give. */
const REPORTED: readonly Reported[] = [
  { file: 'png-apng-good.png', integrity: 'intact', codes: ['animated'], facts: { frames: 2 } },
  { file: 'png-apng-frame-2-garbage.png', integrity: 'corrupt data', codes: ['undecodable', 'animated'] },
  { file: 'png-actl-0-frames.png', integrity: 'intact', codes: ['apng_inconsistent'] },
  { file: 'gif-0x0.gif', integrity: 'corrupt data', codes: ['gif_empty_frame', 'gif_no_pixels'] },
  { file: 'gif-10-bytes-65535.gif', integrity: 'truncated', codes: ['gif_missing_trailer'] },
  { file: 'png-short-cHRM.png', integrity: 'intact', codes: ['png_metadata_invalid'] },
  { file: 'png-short-iCCP.png', integrity: 'intact', codes: ['icc_garbage'] },
  { file: 'avif-good.avif', integrity: 'intact', facts: { width: 96, height: 64 } },
  { file: 'avif-meta-length-64.avif', integrity: 'intact', facts: { width: 96, height: 64 } },
  {
    file: 'heic-no-pixels.heic',
    integrity: 'not_checked',
    codes: ['not_decoded', 'heif_data_outside_file'],
    facts: { width: 256, height: 256 },
  },
  { file: 'bmp-good.bmp', integrity: 'intact', facts: { width: 16, height: 16 } },
  { file: 'bmp-reserved-not-0.bmp', integrity: 'intact', facts: { width: 16, height: 16 } },
];

describe('a reported file', () => {
  it.each(REPORTED)('gets its verdict and notes: $file', async ({ file, integrity, codes = [], facts }) => {
    const found = await inspect(`test/support/images/reports/${file}`);
    expect(found).toMatchObject({
      ...facts,
      integrity: ['intact', 'not_checked'].includes(integrity)
        ? { state: integrity }
        : { state: 'damaged', reason: integrity },
    });
    expect(found?.notes?.map(({ code }) => code)).toEqual(codes);
  });
});
