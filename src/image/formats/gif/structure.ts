import { EXTENSION, framesStart, IMAGE, imageDataAt, skipSubBlocks } from './blocks.ts';
import { GifPixels } from './pixels.ts';
import type { ReadStructure, StructureDraft } from '../../structure-draft.ts';

const TRAILER = 0x3b;
const GRAPHIC_CONTROL = 0xf9;

/**
 * Follows a GIF's blocks to its trailer (GIF89a specification, section 12 on), and counts the pixels of each frame.
 * Decoders silently drop an incomplete last frame of an animation, and fill in missing pixels.
 */
export const readGifStructure: ReadStructure = (bytes, draft) => {
  const flags = bytes[10] ?? 0;
  Object.assign(draft.properties, {
    bitDepth: (flags & 7) + 1,
    channels: 1,
    colourSpace: 'palette',
    hasAlpha: false,
    iccState: 'none',
  });
  let at = framesStart(bytes);
  let frames = 0;
  let hasPixels = false;
  const pixels = new GifPixels(bytes);
  for (;;) {
    const block = bytes[at];
    if (block === EXTENSION) {
      // Label, length (4), flags. The lowest flag says that one colour is transparent (section 23).
      if (bytes[at + 1] === GRAPHIC_CONTROL && ((bytes[at + 3] ?? 0) & 1) === 1) {
        draft.properties.hasAlpha = true;
      }
      at = skipSubBlocks(bytes, at + 2);
    } else if (block === IMAGE) {
      if (!draft.allowParts()) return;
      frames += 1;
      if (at + 10 <= bytes.length) {
        readImageDescriptor(bytes, at, draft, frames);
        hasPixels ||= areaAt(bytes, at) > 0;
      }
      const data = imageDataAt(bytes, at);
      if (data < bytes.length) readImageData(bytes, at, data, pixels, draft, frames);
      at = skipSubBlocks(bytes, data + 1);
    } else if (block === 0) {
      // Some writers end the last sub-blocks twice. The decoder refuses it elsewhere.
      at += 1;
    } else if (block === undefined) return draft.note('gif_missing_trailer');
    else if (block === TRAILER) break;
    else return draft.note('gif_unknown_block', `at ${at}`);
  }
  if (frames === 0) draft.note('gif_no_frames');
  else if (!hasPixels) draft.note('gif_no_pixels');
  draft.setFrames(frames);
  draft.setEnd(bytes, at + 1);
};

function readImageDescriptor(bytes: Buffer, at: number, draft: StructureDraft, frame: number): void {
  const [left, top] = [bytes.readUInt16LE(at + 1), bytes.readUInt16LE(at + 3)];
  const [width, height] = [bytes.readUInt16LE(at + 5), bytes.readUInt16LE(at + 7)];
  if (width === 0 || height === 0) draft.note('gif_empty_frame', `frame ${frame}`);
  if (left + width > bytes.readUInt16LE(6) || top + height > bytes.readUInt16LE(8)) {
    draft.note('gif_frame_outside_screen', `frame ${frame}`);
  }
  if (frame === 1) draft.properties.interlaced = (bytes.readUInt8(at + 9) & 0x40) !== 0;
}

/** Pixels of the frame whose descriptor is there. */
function areaAt(bytes: Buffer, at: number): number {
  return bytes.readUInt16LE(at + 5) * bytes.readUInt16LE(at + 7);
}

/** Notes pixels without codes. Extra codes, or a missing end code, are common and harmless. */
function readImageData(
  bytes: Buffer,
  at: number,
  data: number,
  pixels: GifPixels,
  draft: StructureDraft,
  frame: number,
): void {
  const codeSize = bytes.readUInt8(data);
  // Sizes from 2 to 8 bits a pixel are valid. Pictures of one bit use 2 as well (appendix F).
  if (codeSize < 2 || codeSize > 8) draft.note('gif_lzw_code_size', `${codeSize} in frame ${frame}`);
  const area = areaAt(bytes, at);
  const { pixels: found, end } = pixels.count(data + 1, codeSize, area);
  // `file_ends` gets no note here, because the trailer is missing too.
  if (end === 'too_few') draft.note('gif_pixels_missing', `${found} of ${area} in frame ${frame}`);
  if (end === 'invalid_code') draft.note('gif_code_invalid', `after ${found} pixels of frame ${frame}`);
}
