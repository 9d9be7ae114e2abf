import { readFileSync } from 'node:fs';

type Hole =
  | 'loop'
  | 'hang'
  | 'bloat'
  | 'heap'
  | 'die'
  | 'fail'
  | 'babble'
  | 'flood'
  | 'echo'
  | 'late'
  | 'peek';

/** A good JPEG, 640×427, whose comment tells `hostile-decoder.ts` which hole to open. */
export function hostileImage(hole: Hole): Buffer {
  const comment = Buffer.from(`hostile:${hole}`);
  const jpeg = readFileSync('assets/rocket.jpg');
  const marker = Buffer.from([0xff, 0xfe, 0, comment.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), marker, comment, jpeg.subarray(2)]);
}
