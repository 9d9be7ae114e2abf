/** Limits of reading images, each with its unit and reason. */

/** Pixels of all frames together. Above, nothing is decoded (contract): 50 megapixels of RGB are 150 MB of memory. */
export const MAX_DECODED_PIXELS = 50_000_000;

/** Bytes read into memory. Of a larger file only the head is read, and it never passes. */
export const MAX_BYTES_IN_MEMORY = 128 * 1024 * 1024;

/**
 * Processor time for one picture, milliseconds. With 50 megapixels of noise a JPEG takes 0.4 s, a progressive one 2.3, a PNG 0.5,
 * a WebP 1.3, an AVIF 8.4 (a photograph 1.6); what can pass at all takes 0.05. Short enough for a local try (5 s) to come to the verdict itself.
 */
export const DECODE_CPU_MS = 4_000;

/** Clock time for one picture, milliseconds: it ends a decoder that hangs. It is long, because a busy machine is not the picture's fault. */
export const DECODE_WALL_MS = 20_000;

/** Clock time for reading one file, milliseconds, because storage may hang: 4 MiB/s for the largest, and well within the 60 s of a try. */
export const READ_WALL_MS = 30_000;

/** Resident memory of a decoder, bytes: 50 megapixels need 250 to 620 MiB, as AVIF 1 GiB; what can pass at all, 80. */
export const DECODER_RESIDENT_BYTES = 1280 * 1024 * 1024;

/** What the system itself lets a decoder have between two looks at it, KiB; some 600 MiB of it Node only reserves. */
export const DECODER_DATA_KIB = 2_500_000;

/** How often decoders that work on a picture are looked at, milliseconds. */
export const WATCH_EVERY_MS = 100;

/** One look counts at most so much clock time, because a look that comes later comes from a worker that was stopped or held up. */
export const WATCH_COUNTS_MS = 1_000;

/** A decoder is replaced after so many pictures (a start costs 0.15 s, so 0.2 ms each), or when it keeps so much memory. */
export const IMAGES_PER_DECODER = 1_000;
export const DECODER_KEEPS_BYTES = 256 * 1024 * 1024;

/** Bytes of the head that tell format and dimensions of a file too large for memory: past any sane metadata. */
export const HEAD_BYTES = 4 * 1024 * 1024;

/**
 * Segments of a JPEG, frames of a GIF, chunks of a PNG or WebP, strips and fields of a TIFF, boxes of a HEIF: 128 MiB in
 * chunks of 8 KiB are 16,000.
 */
export const MAX_PARTS = 100_000;

/**
 * Scans of a JPEG; progressive ones have ten. Each goes over the whole picture, however few its bytes: of 12 bytes it takes 0.12 ms a
 * megapixel, so 500 of them 0.06 s of 1 megapixel and 2.6 of 49. The number is libjpeg-turbo's own (turbojpeg.h, TJFLAG_LIMITSCANS).
 */
export const MAX_SCANS = 500;

/** Bytes of a compressed colour profile, inflated: those of printers have up to 3 MB. */
export const MAX_PROFILE_BYTES = 4 * 1024 * 1024;

/** Bytes of a file that are read and handed to a decoder at once. */
export const BLOCK_BYTES = 1024 * 1024;

/** Bytes that are read before a decoder is taken: many files whole, and little memory for each file that waits for one. */
export const FIRST_READ_BYTES = 128 * 1024;

/** Most decoder processes of a worker: one a core up to here. With more, the worker's own thread is the limit. */
export const DECODERS_MAX = 4;

/** After a start that failed, none is tried for so long, milliseconds: the activities that wait are tried again anyway. */
export const START_AGAIN_MS = 500;
