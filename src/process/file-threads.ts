/**
 * Threads for operations of the file system. Node has four, and reads their number when it first needs one. So the programs load
 * this file before all others.
 */
process.env['UV_THREADPOOL_SIZE'] ??= '16';

/** Operations on assets may hang. This many at once leave a thread for look-ups of names. */
export const STORAGE_PLACES = Math.max(1, (Number(process.env['UV_THREADPOOL_SIZE']) || 1) - 1);
