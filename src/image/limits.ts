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
