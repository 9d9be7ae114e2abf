import { MAX_PARTS } from '../../limits.ts';

/** A box between `at` and `end`. Its content begins at `start`. */
export interface Box {
  readonly type: string;
  readonly at: number;
  readonly start: number;
  readonly end: number;
  /** False: it would be longer than the box around it, so `end` is the end of that one. It is the last box. */
  readonly isWhole: boolean;
}

/**
 * The boxes between two places (ISO/IEC 14496-12, 4.2), at most `MAX_PARTS` and one. A box has a length, a type, and a
 * longer length of 64 bits if the first is 1. Length 0 reaches to the end.
 */
export function* boxesIn(bytes: Buffer, from: number, to: number): Generator<Box> {
  let at = from;
  for (let boxes = 0; at + 8 <= to && boxes <= MAX_PARTS; boxes += 1) {
    const type = bytes.toString('latin1', at + 4, at + 8);
    const short = bytes.readUInt32BE(at);
    const head = short === 1 ? 16 : 8;
    const length = short === 0 ? to - at : short === 1 ? Number(bytes.readBigUInt64BE(at + 8)) : short;
    const isWhole = length >= head && at + length <= to;
    const end = isWhole ? at + length : to;
    yield { type, at, start: at + head, end, isWhole };
    at = end;
  }
}

/** All boxes at the end of a path of types, such as `['moov', 'trak']`. */
export function* boxesAt(
  bytes: Buffer,
  [type, ...rest]: readonly string[],
  from = 0,
  to = bytes.length,
): Generator<Box> {
  for (const box of boxesIn(bytes, from, to)) {
    if (box.type !== type) continue;
    if (rest.length === 0) yield box;
    else yield* boxesAt(bytes, rest, box.start, box.end);
  }
}
