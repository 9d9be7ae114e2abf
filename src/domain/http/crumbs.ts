/** A body may come in so many pieces of any size. */
const FREE_PIECES = 4_096;

/** Beyond these, a piece has so many bytes on average. Usual programs send 4 to 64 KiB at once. */
const LEAST_PIECE_BYTES = 128;

/**
 * Watches whether a body comes in crumbs (chunks of HTTP), because each costs as much as a whole piece, in time and memory. An
 * answer of 128 MiB in pieces of one byte took 4 s of processor time, and in usual ones 0.5 s. A request of 4 MiB took 7 s and
 * 0.03 s. The returned function is called with the bytes of each piece, and is true once there are too many.
 */
export function createCrumbWatch(): (pieceBytes: number) => boolean {
  let pieces = 0;
  let bytes = 0;
  return (pieceBytes) => {
    pieces += 1;
    bytes += pieceBytes;
    return pieces > FREE_PIECES + bytes / LEAST_PIECE_BYTES;
  };
}
