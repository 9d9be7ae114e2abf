import { z } from 'zod';
import { IMAGE_NOTE_CODES, MAX_NOTES, NOTE_SEVERITIES } from './image-notes.ts';
import type { Immutable } from './immutable.ts';

/**
 * The only definition of the facts about an image. `src/image/decoder/answer.ts` adds bounds, because a hostile file
 * may control the decoder. `src/api/assets/answers.ts` adds descriptions for the API.
 *
 * Facts are part of recorded workflow histories and of rows. So new fields are optional, and fields are never renamed.
 * Workflows import only types, so zod never gets into their bundle.
 */

/** Format names as messages show them. */
export const IMAGE_FORMATS = [
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
] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** How samples are stored, not how they are shown. Most JPEGs are `ycbcr`. */
export const COLOUR_SPACES = ['grey', 'rgb', 'palette', 'ycbcr', 'cmyk', 'ycck', 'lab', 'other'] as const;
export type ColourSpace = (typeof COLOUR_SPACES)[number];

const count = z.int().min(0);
const share = z.number().min(0).max(1);

/**
 * Whether every pixel decodes.
 * - `intact`: every pixel decodes.
 * - `damaged`: some pixels do not decode. `reason` ends the sentence "Asset is not a readable image: <reason>."
 * - `not_checked`: nothing was decoded. `reason` says why (no decoder for the format or its compression, too many
 *   pixels).
 */
export const integrity = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('intact') }),
  z.strictObject({ state: z.literal('damaged'), reason: z.string() }),
  z.strictObject({ state: z.literal('not_checked'), reason: z.string() }),
]);
export type Integrity = Immutable<z.infer<typeof integrity>>;

export const imageNote = z.strictObject({
  code: z.enum(IMAGE_NOTE_CODES),
  severity: z.enum(NOTE_SEVERITIES),
  /** The place and the fault. It never holds text from the file. */
  detail: z.string().exactOptional(),
});
export type ImageNote = Immutable<z.infer<typeof imageNote>>;

/** Measures of the pixels. Each is present only if a check of the policy needs it (`measures.ts`). */
export const measures = z.strictObject({
  /** Percentiles 5 and 99 of the pixels' brightness, 0 (black) to 1 (white). */
  brightness: z.strictObject({ p5: share, p99: share }).exactOptional(),
  /** Shannon entropy of the samples' histogram, bits. */
  entropy: z.number().min(0).exactOptional(),
  /** Standard deviations of the edges and of the histogram's counts. The picture is grey, its longer side at most 64 px. */
  blur: z.strictObject({ edges: z.number().min(0), spread: z.number().min(0) }).exactOptional(),
  /** SHA-256 of width, height, channels and pixels, hex. */
  pixelHash: z.string().exactOptional(),
  /** DCT hash of 64 bits, hex. Similar pictures have hashes that differ in few bits. */
  perceptualHash: z.string().exactOptional(),
});
export type Measures = Immutable<z.infer<typeof measures>>;

/** How a picture compares with the tenant's earlier pictures. */
export const earlier = z.strictObject({
  /** The first asset with the very same pixels. */
  exact: z.uuid().nullable(),
  /** Its path. */
  exactPath: z.string().exactOptional(),
  /** The nearest similar assets. `distance` is the number of bits in which the perceptual hashes differ. */
  near: z.array(z.strictObject({ assetId: z.uuid(), distance: count, path: z.string().exactOptional() })),
  /** Quartiles of √(width · height), px, over the last assets. */
  sizes: z.strictObject({ q1: z.number(), q3: z.number(), count }).nullable(),
});
export type Earlier = Immutable<z.infer<typeof earlier>>;

/** Facts that need no decoded pixel. Width and height are the stored ones, in pixels, before orientation. */
export const headerFacts = z.strictObject({
  format: z.enum(IMAGE_FORMATS),
  /** Null if the header does not give it. */
  width: count.nullable(),
  height: count.nullable(),
  bytes: count,
  /**
   * Hex. Null for a file that is too large to pass, because only its head was read. (Older versions hashed whole files,
   * so it was never null.)
   */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
});
export type HeaderFacts = Immutable<z.infer<typeof headerFacts>>;

/** Properties that the structure of a file gives. Each is missing if the header does not give it or was not read. */
const imageProperties = z.strictObject({
  /** Pictures in the file: frames of an animation, pages, sizes of an icon, images of an MPO. */
  frames: count.exactOptional(),
  animated: z.boolean().exactOptional(),
  /** As EXIF numbers it. HEIF and AVIF have turns and mirrors of their own. */
  orientation: z.int().min(1).max(8).exactOptional(),
  /** Bits of one sample, or of one index of a palette. */
  bitDepth: count.exactOptional(),
  /** Samples per pixel, with alpha. It is 1 for a palette. */
  channels: count.exactOptional(),
  colourSpace: z.enum(COLOUR_SPACES).exactOptional(),
  hasAlpha: z.boolean().exactOptional(),
  /** JPEG: coded in several passes. */
  progressive: z.boolean().exactOptional(),
  /** PNG, GIF: rows are stored in another order. */
  interlaced: z.boolean().exactOptional(),
  /** Bytes after the end of the picture. */
  trailingBytes: count.exactOptional(),
  iccState: z.enum(['none', 'valid', 'garbage']).exactOptional(),
});
export type ImageProperties = Immutable<z.infer<typeof imageProperties>>;

/** All facts from one reading of the file. */
export const imageFacts = z.strictObject({
  ...headerFacts.shape,
  integrity,
  /** Width and height after orientation, as viewers show the picture. */
  displayed: z.strictObject({ width: count, height: count }).exactOptional(),
  ...imageProperties.shape,
  /** Missing in facts recorded before there were notes. */
  notes: z.array(imageNote).max(MAX_NOTES).exactOptional(),
  /** Measures that the policy's checks need. */
  measures: measures.exactOptional(),
  /** Present if the policy compares with earlier assets. */
  earlier: earlier.exactOptional(),
});
export type ImageFacts = Immutable<z.infer<typeof imageFacts>>;

/** Formats that people send, and that are not supported. Only their names are known (`src/image/sniff-other.ts`). */
const OTHER_FORMATS = [
  'SVG',
  'PDF',
  'PPM',
  'PGM',
  'PBM',
  'PAM',
  'JPEG 2000',
  'JPEG XL',
  'CUR',
  'DDS',
  'QOI',
  'OpenEXR',
  'Radiance HDR',
  'DICOM',
  'PostScript',
  'XCF',
  'video',
  'HTML',
  'ZIP',
  'GZIP',
] as const;

/**
 * Why a file is no image:
 *
 * | cause                | meaning                                                                           |
 * |----------------------|-----------------------------------------------------------------------------------|
 * | `empty`              | it has no bytes                                                                   |
 * | `unsupported_format` | its first bytes are those of a format that is not supported, which `format` names |
 * | `unknown_format`     | its first bytes say nothing                                                       |
 */
export const noImage = z.strictObject({
  cause: z.enum(['empty', 'unsupported_format', 'unknown_format']),
  format: z.enum(OTHER_FORMATS).exactOptional(),
});
export type NoImage = Immutable<z.infer<typeof noImage>>;
