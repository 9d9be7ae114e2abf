/** A JPEG from its parts: 8×8 blocks, all of them mid-grey, one component, each block coded as the bits 00. */

/** Pictures with more blocks are never decoded, so they do not need all of them. */
const MAX_BLOCKS = 1_000;

export function segment(marker: number, data: Buffer | string): Buffer {
  const content = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(2 + content.length, 2);
  return Buffer.concat([head, content]);
}

const SOI = Buffer.from([0xff, 0xd8]);
export const EOI = Buffer.from([0xff, 0xd9]);

interface GreyJpeg {
  readonly width?: number;
  readonly height?: number;
  readonly bits?: number;
  readonly frameMarker?: number;
  /** Segments after SOI. */
  readonly before?: readonly Buffer[];
  /** Numbers of the restart markers, one after each block except the last. Undefined: there are no markers. */
  readonly restarts?: readonly number[];
  readonly afterHeaders?: Buffer;
  /** First coefficient of the scan, or its predictor if the picture is lossless. */
  readonly first?: number;
  /** In place of the coded blocks. */
  readonly scan?: Buffer;
}

export function greyJpeg(options: GreyJpeg = {}): Buffer {
  return Buffer.concat([
    greyHeaders(options),
    options.afterHeaders ?? Buffer.alloc(0),
    greyScan(options),
    EOI,
  ]);
}

/** All segments before the scan. */
export function greyHeaders({
  width = 32,
  height = 8,
  bits = 8,
  frameMarker = 0xc0,
  before = [],
  restarts,
}: GreyJpeg = {}): Buffer {
  const frame = Buffer.from([bits, 0, 0, 0, 0, 1, 1, 0x11, 0]);
  frame.writeUInt16BE(height, 1);
  frame.writeUInt16BE(width, 3);
  // One code of one bit. In class DC it means "no difference", in class AC "end of block".
  const table = (kind: number) => Buffer.from([kind, 1, ...Array<number>(15).fill(0), 0]);
  return Buffer.concat([
    SOI,
    ...before,
    segment(0xdb, Buffer.from([0, ...Array<number>(64).fill(1)])),
    segment(frameMarker, frame),
    segment(0xc4, table(0x00)),
    segment(0xc4, table(0x10)),
    ...(restarts === undefined ? [] : [segment(0xdd, Buffer.from([0, 1]))]),
  ]);
}

function greyScan({ width = 32, height = 8, restarts, scan, first = 0 }: GreyJpeg): Buffer {
  const blocks = Math.min(MAX_BLOCKS, Math.ceil(width / 8) * Math.ceil(height / 8));
  const start = segment(0xda, Buffer.from([1, 1, 0, first, first === 0 ? 63 : 0, 0]));
  if (scan !== undefined) return Buffer.concat([start, scan]);
  // Unused bits of the last byte are ones.
  if (restarts === undefined) {
    const bits = '00'.repeat(blocks).padEnd(Math.ceil(blocks / 4) * 8, '1');
    return Buffer.concat([
      start,
      Buffer.from(bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []),
    ]);
  }
  const coded = restarts.flatMap((restart) => [0x3f, 0xff, 0xd0 + restart]);
  return Buffer.concat([start, Buffer.from([...coded, 0x3f])]);
}

/** A picture of 32×8 in two frames (T.81, B.3.1): the first 16 px wide, the second the difference from it in full width. */
export function hierarchicalJpeg(): Buffer {
  const whole = Buffer.from('080008002001011100', 'hex');
  const headers = greyHeaders({ width: 16 });
  return Buffer.concat([
    SOI,
    segment(0xde, whole),
    headers.subarray(2),
    greyScan({ width: 16 }),
    segment(0xdf, Buffer.from('10', 'hex')),
    segment(0xc5, whole),
    greyScan({ width: 32 }),
    EOI,
  ]);
}

interface Scan {
  readonly components: readonly number[];
  /** First and last coefficient, then the bits before and now in one byte. Default: all coefficients, all bits. */
  readonly sends?: readonly [first: number, last: number, bits: number];
}

/** The picture of `greyJpeg`, 32×8, in three components (1, 2, 3) and the given scans. */
export function jpegOfScans(frameMarker: number, scans: readonly Scan[]): Buffer {
  const headers = greyHeaders({ frameMarker });
  const end = headers.indexOf(Buffer.from([0xff, frameMarker]));
  const frame = Buffer.from([8, 0, 8, 0, 32, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
  return Buffer.concat([
    headers.subarray(0, end),
    segment(frameMarker, frame),
    headers.subarray(end + 13),
    ...scans.map(({ components, sends = [0, 63, 0] }) => {
      const ids = components.flatMap((id) => [id, 0]);
      // DC and AC coefficients are one bit a block each, "no difference" or "end of block".
      const bits = 4 * components.length * (sends[0] === 0 && sends[1] > 0 ? 2 : 1);
      const coded = Buffer.alloc(Math.ceil(bits / 8));
      if (bits % 8 > 0) coded[coded.length - 1] = 0xff >> (bits % 8);
      return Buffer.concat([segment(0xda, Buffer.from([components.length, ...ids, ...sends])), coded]);
    }),
    EOI,
  ]);
}

/** A progressive picture of 1000×1000 px in `scans` scans over all of its blocks. Each after the first has 12 bytes. */
export function manyScans(scans: number): Buffer {
  const first = segment(0xda, Buffer.from([1, 1, 0, 0, 0, 0]));
  // 15,625 blocks, each with "no difference".
  const differences = Buffer.concat([Buffer.alloc(1_953), Buffer.from([0x7f])]);
  // One code of one bit: "2^13 blocks have ended, and as many more as the next 13 bits say". These bits say 7,433.
  const table = segment(0xc4, Buffer.from([0x10, 1, ...Array<number>(15).fill(0), 0xd0]));
  const next = Buffer.concat([segment(0xda, Buffer.from([1, 1, 0, 1, 63, 0])), Buffer.from('7427', 'hex')]);
  const headers = greyHeaders({ width: 1_000, height: 1_000, frameMarker: 0xc2 });
  return Buffer.concat([
    headers,
    table,
    first,
    differences,
    Buffer.alloc((scans - 1) * next.length, next),
    EOI,
  ]);
}

/** A picture whose index names a second one behind it. The index gives its real size, or `size`. */
export function multiPicture(second: Buffer, size = second.length): Buffer {
  const index = Buffer.alloc(58);
  index.write('MM\0*\0\0\0\x08', 0, 'latin1');
  // The one field has the entries of two pictures. They lie behind the directory.
  Buffer.from([0, 1, 0xb0, 2, 0, 7, 0, 0, 0, 32, 0, 0, 0, 26]).copy(index, 8);
  const first = () => greyJpeg({ before: [segment(0xe2, `MPF\0${index.toString('latin1')}`)] });
  index.writeUInt32BE(first().length, 30);
  index.writeUInt32BE(size, 46);
  index.writeUInt32BE(first().length - first().indexOf('MM\0*'), 50);
  return Buffer.concat([first(), second]);
}

/** An APP1 segment with one field: the orientation. */
export function exif(orientation: number): Buffer {
  const tiff = Buffer.alloc(26);
  tiff.write('MM\0*', 0, 'latin1');
  tiff.writeUInt32BE(8, 4);
  tiff.writeUInt16BE(1, 8);
  tiff.writeUInt16BE(0x0112, 10);
  tiff.writeUInt16BE(3, 12);
  tiff.writeUInt32BE(1, 14);
  tiff.writeUInt16BE(orientation, 18);
  return segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]));
}

/** One of `count` parts of a colour profile. */
export function iccPart(data: Buffer, part = 1, count = 1): Buffer {
  return segment(
    0xe2,
    Buffer.concat([Buffer.from('ICC_PROFILE\0', 'latin1'), Buffer.from([part, count]), data]),
  );
}

/** A valid profile: a header, no tags, and zeros. */
export function emptyProfile(bytes = 132): Buffer {
  const profile = Buffer.alloc(bytes);
  profile.writeUInt32BE(bytes, 0);
  profile.write('acsp', 36, 'latin1');
  return profile;
}
