/** Limits of reading images, each with its unit and reason. */

/**
 * Most pixels of all frames together, millions, unless `DECODE_MAX_MEGAPIXELS` says otherwise. A larger picture is not
 * decoded. Cameras make 150, and scanners 200.
 */
export const MAX_MEGAPIXELS = 200;

/**
 * Memory of a decoder for an ordinary picture, bytes. A picture that would need more with all its samples is decoded row by
 * row, and its samples are not kept unless they are measured. A JPEG of 30 megapixels needs as much.
 */
export const ORDINARY_BYTES = 256 * 1024 * 1024;

/** A picture of more pixels counts as slow before it has ended (`SLOW_IMAGE_MS`). */
export const LARGE_PIXELS = 25_000_000;

/** Most bytes of a file in memory. Only the head of a larger file is read, and it never passes. */
export const MAX_BYTES_IN_MEMORY = 128 * 1024 * 1024;

/**
 * Processor time for one picture, milliseconds: so much for any, so much more for each megapixel that it declares and each
 * MiB of its file, and never more than the last. A megapixel of noise takes 8 ms as JPEG, 46 as progressive JPEG, 10 as PNG, 26 as WebP and 170 as
 * AVIF (a photograph 32), and 11 to measure. So a machine may be four times slower. A picture that the default policy can
 * pass takes 50 ms. Such a picture that takes too long is known within a local try (5 s).
 */
export const DECODE_CPU_MS = 4_000;
export const DECODE_CPU_MS_PER_MEGAPIXEL = 200;
/** Following the codes of a file takes 10 to 20 ms a MiB. */
export const DECODE_CPU_MS_PER_MIB = 50;
export const DECODE_CPU_MAX_MS = 60_000;

/**
 * Clock time for one picture, milliseconds, in the same way. It ends a decoder that hangs. It is long, because a busy
 * machine is not the picture's fault. With `READ_WALL_MS`, the most is well within the 240 s of a try.
 */
export const DECODE_WALL_MS = 20_000;
export const DECODE_WALL_MS_PER_MEGAPIXEL = 500;
export const DECODE_WALL_MS_PER_MIB = 100;
export const DECODE_WALL_MAX_MS = 150_000;

/**
 * Clock time for reading one file, milliseconds, because storage may hang. The largest file needs 4 MiB/s to be in
 * time. The limit is well within the 240 s of a try.
 */
export const READ_WALL_MS = 30_000;

/**
 * Most resident memory of a decoder, bytes. A picture that would need more is not decoded (`memory.ts`). A picture that the
 * default policy can pass needs 80 MiB.
 */
export const DECODER_RESIDENT_BYTES = 1536 * 1024 * 1024;

/**
 * Most memory that the system gives a decoder, KiB. It holds even between two checks of the worker. Node only reserves
 * some 600 MiB of it.
 */
export const DECODER_DATA_KIB = 2_500_000;

/** Time between two checks of a decoder that works on a picture, milliseconds. */
export const WATCH_EVERY_MS = 100;

/**
 * One check counts at most this much clock time, milliseconds. A longer gap
 * means that the worker was stopped or held up.
 */
export const WATCH_COUNTS_MS = 1_000;

/**
 * A decoder is replaced after this many pictures, or when it keeps this many bytes. A
 * start costs 0.15 s, so 0.2 ms per picture.
 */
export const IMAGES_PER_DECODER = 1_000;
export const DECODER_KEEPS_BYTES = 256 * 1024 * 1024;

/**
 * A decoder that holds more resident bytes after a picture lets go of what it does not use. Node alone takes 95 MiB. Buffers of
 * a picture would otherwise stay until Node's heap is full, which few pictures fill.
 */
export const DECODER_TIDIES_BYTES = 120 * 1024 * 1024;

/**
 * Settings of glibc's allocator (mallopt(3)), bytes. Large buffers are given back to the system as soon as they are free.
 * Measured with pictures of 12 megapixels, peak of the process before and after, MiB: JPEG 251 → 134, WebP 262 → 193, TIFF
 * 215 → 138. They take a tenth more processor time. Pictures of 0.3 megapixels take the same as before.
 */
export const ALLOCATOR = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: String(4 * 1024 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(16 * 1024 * 1024),
};

/**
 * Bytes of the head that are read if a file is too large for memory. They give format
 * and dimensions. Usual metadata is shorter.
 */
export const HEAD_BYTES = 4 * 1024 * 1024;

/**
 * Most parts of a file: segments of a JPEG, frames of a GIF, chunks of a PNG or WebP, strips and fields of a TIFF,
 * boxes of a HEIF. For comparison, 128 MiB in chunks of 8 KiB are 16,000.
 */
export const MAX_PARTS = 100_000;

/**
 * Most scans of a JPEG. Usual progressive files have ten. A decoder goes over the whole picture for each scan, even for
 * a short one. A scan of 12 bytes takes 0.12 ms per megapixel. So 500 such scans take 0.06 s for 1 megapixel and 12 s
 * for 200. The number is libjpeg-turbo's own (turbojpeg.h, TJFLAG_LIMITSCANS).
 */
export const MAX_SCANS = 500;

/** Most bytes of a colour profile after inflating. Profiles of printers have up to 3 MB. */
export const MAX_PROFILE_BYTES = 4 * 1024 * 1024;

/** Most bytes of one text or profile after inflating, and of all texts of a file, that Pillow accepts (MAX_TEXT_CHUNK, MAX_TEXT_MEMORY). */
export const USUAL_TEXT_BYTES = 1024 * 1024;
export const USUAL_TEXTS_BYTES = 64 * 1024 * 1024;

/** Bytes of a file that are read and handed to a decoder at once. */
export const BLOCK_BYTES = 1024 * 1024;

/** Bytes that are read before a decoder is taken. Many files have no more, and a file that waits takes little memory. */
export const FIRST_READ_BYTES = 128 * 1024;

/** Most decoder processes of a worker: one per core up to this number. With more, the worker's own thread is the limit. */
export const DECODERS_MAX = 4;

/** Pause after a failed start of a decoder, milliseconds. Activities fail meanwhile, and Temporal tries them again. */
export const START_AGAIN_MS = 500;

/**
 * An image that keeps its decoder for longer is slow, milliseconds. A photograph of 12 megapixels takes 100 to 150. A picture
 * that the default policy can pass takes 50.
 */
export const SLOW_IMAGE_MS = 250;

/** A tenant counts as slow for this long after a slow image, milliseconds. It is longer than an ordinary image may take. */
export const SLOW_FOR_MS = 30_000;

/** A decoder is kept free of slow images for this long after the last quick image of another tenant, milliseconds. */
export const HERE_FOR_MS = 10_000;
