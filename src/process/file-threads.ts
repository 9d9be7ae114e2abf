/**
 * Threads for operations of the file system. Node has four, and reads their number when it first needs one. So the programs load
 * this file before all others.
 */
process.env['UV_THREADPOOL_SIZE'] ??= '24';

const THREADS = Number(process.env['UV_THREADPOOL_SIZE']) || 1;

/** Operations that write uploads. They may hang, and so may those on assets. */
export const UPLOAD_PLACES = Math.max(2, Math.floor(THREADS / 3));

/** Operations on assets that read. Both together leave a thread for look-ups of names. */
export const STORAGE_PLACES = Math.max(1, THREADS - UPLOAD_PLACES - 1);
