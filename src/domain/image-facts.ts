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
 * - `not_checked`: nothing was decoded; `reason` says why (no decoder for the format, too many pixels).
 */
export type Integrity =
  | { readonly state: 'intact' }
  | { readonly state: 'damaged'; readonly reason: string }
  | { readonly state: 'not_checked'; readonly reason: string };

/** What one reading of the file established. Width and height are the stored ones, in pixels, before EXIF orientation. */
export interface ImageFacts {
  readonly format: ImageFormat;
  /** Null where the header does not tell. */
  readonly width: number | null;
  readonly height: number | null;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  readonly integrity: Integrity;
}
