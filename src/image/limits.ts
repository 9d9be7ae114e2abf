/** Limits of reading images, each with its unit and reason. */

/** Pixels of all frames together. Above, nothing is decoded (contract): 50 megapixels of RGB are 150 MB of memory. */
export const MAX_DECODED_PIXELS = 50_000_000;

/** Bytes read into memory. A larger file is judged by its header and hash, and never passes. */
export const MAX_BYTES_IN_MEMORY = 128 * 1024 * 1024;

/** Files read and decoded at once: as many as libuv has threads by default; more would only hold memory. */
export const CONCURRENT_INSPECTIONS = 4;

/** Bytes of the head that tell format and dimensions of a file too large for memory: past any sane metadata. */
export const HEAD_BYTES = 4 * 1024 * 1024;

/** Bytes a read while a large file is hashed. */
export const HASH_BLOCK_BYTES = 1024 * 1024;

/**
 * Segments of a JPEG, frames of a GIF, chunks of a PNG or WebP, strips and fields of a TIFF, boxes of a HEIF: 128 MiB in
 * chunks of 8 KiB are 16,000.
 */
export const MAX_PARTS = 100_000;

/** Bytes of a compressed colour profile, inflated: those of printers have up to 3 MB. */
export const MAX_PROFILE_BYTES = 4 * 1024 * 1024;
