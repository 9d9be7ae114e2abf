import type { ImageNote } from './image-notes.ts';
import type { Earlier, Measures } from './measures.ts';

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

/**
 * Whether every pixel decodes.
 * - `intact`: all of them did.
 * - `damaged`: they did not; `reason` ends the sentence "Asset is not a readable image: <reason>."
 * - `not_checked`: nothing was decoded; `reason` says why (no decoder for the format or its compression, too many pixels).
 */
export type Integrity =
  | { readonly state: 'intact' }
  | { readonly state: 'damaged'; readonly reason: string }
  | { readonly state: 'not_checked'; readonly reason: string };

/** How samples are stored, not what they are shown as: most JPEGs are `ycbcr`. */
export const COLOUR_SPACES = ['grey', 'rgb', 'palette', 'ycbcr', 'cmyk', 'ycck', 'lab', 'other'] as const;
export type ColourSpace = (typeof COLOUR_SPACES)[number];

export const ICC_STATES = ['none', 'valid', 'garbage'] as const;

/** What the structure of a file tells of the picture. Each is missing where the header does not tell, or was never read. */
export interface ImageProperties {
  /** Pictures in the file: frames of an animation, pages, sizes of an icon, images of an MPO. */
  readonly frames?: number;
  readonly animated?: boolean;
  /** EXIF orientation, 1 to 8. */
  readonly orientation?: number;
  /** Bits of one sample; of a palette's indices. */
  readonly bitDepth?: number;
  /** Samples a pixel, alpha included; 1 where they are indices of a palette. */
  readonly channels?: number;
  readonly colourSpace?: ColourSpace;
  readonly hasAlpha?: boolean;
  /** JPEG: coded in several passes. */
  readonly progressive?: boolean;
  /** PNG, GIF: rows in another order. */
  readonly interlaced?: boolean;
  /** Bytes after the end of the picture. */
  readonly trailingBytes?: number;
  readonly iccState?: (typeof ICC_STATES)[number];
}

/**
 * What one reading of the file established. Width and height are the stored ones, in pixels, before EXIF orientation.
 * Part of recorded workflow histories: fields may be added as optional ones, never renamed.
 */
export interface ImageFacts extends ImageProperties {
  readonly format: ImageFormat;
  /** Null where the header does not tell. */
  readonly width: number | null;
  readonly height: number | null;
  readonly bytes: number;
  /** Hex. Null for a file that is too large to pass: only its head was read. (Earlier, whole files were hashed, so it was always there.) */
  readonly sha256: string | null;
  readonly integrity: Integrity;
  /** Width and height after EXIF orientation, as viewers show the picture. */
  readonly displayed?: { readonly width: number; readonly height: number };
  /** At most 20. Missing in facts recorded before there were notes. */
  readonly notes?: readonly ImageNote[];
  /** What the policy's checks needed of the pixels. */
  readonly measures?: Measures;
  /** Where the policy compares with earlier assets. */
  readonly earlier?: Earlier;
}
