import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readHeaderDimensions } from '../../../../src/image/header-dimensions.ts';
import { readStructure } from '../../../../src/image/structure.ts';
import { noise } from '../../../support/images/image-seeds.ts';
import { inspect } from './inspect-file.ts';

const avif = () => noise(64, 48).avif({ effort: 0 }).toBuffer();
const codesOf = (bytes: Buffer) => readStructure('AVIF', bytes).notes.map(({ code }) => code);

function box(type: string, ...parts: readonly (Buffer | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part as string, 'latin1')));
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + content.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, content]);
}

/** A track header whose size is 320 × 200. Version 1 has longer times. */
function track(version: 0 | 1): Buffer {
  const content = Buffer.alloc(version === 0 ? 84 : 96);
  content.writeUInt8(version, 0);
  content.writeUInt32BE(320 << 16, content.length - 8);
  content.writeUInt32BE(200 << 16, content.length - 4);
  return box('tkhd', content);
}

/** An AVIF with more properties of its only picture. */
async function withProperties(added: readonly Buffer[], essential = true): Promise<Buffer> {
  const bytes = await avif();
  const boxes = Buffer.concat(added);
  const ipcoEnd = endOf(bytes, 'ipco');
  const ipmaEnd = endOf(bytes, 'ipma');
  // Version and flags, number of items, id; then the number of properties, and one byte for each.
  const count = bytes.indexOf('ipma') + 4 + 4 + 4 + 2;
  const properties = bytes.readUInt8(count);
  const longer = Buffer.from(bytes);
  for (const type of ['meta', 'iprp']) grow(longer, type, boxes.length + added.length);
  grow(longer, 'ipco', boxes.length);
  grow(longer, 'ipma', added.length);
  longer.writeUInt8(properties + added.length, count);
  // The pixels move, too.
  const base = bytes.indexOf('iloc') + 16;
  longer.writeUInt32BE(bytes.readUInt32BE(base) + boxes.length + added.length, base);
  const associations = Buffer.from(added.map((_, at) => (essential ? 0x80 : 0) | (properties + 1 + at)));
  const parts = [longer.subarray(0, ipcoEnd), boxes, longer.subarray(ipcoEnd, ipmaEnd), associations];
  return Buffer.concat([...parts, longer.subarray(ipmaEnd)]);
}

function startOf(bytes: Buffer, type: string): number {
  return bytes.indexOf(type) - 4;
}

function endOf(bytes: Buffer, type: string): number {
  return startOf(bytes, type) + bytes.readUInt32BE(startOf(bytes, type));
}

function grow(bytes: Buffer, type: string, by: number): void {
  bytes.writeUInt32BE(bytes.readUInt32BE(startOf(bytes, type)) + by, startOf(bytes, type));
}

describe('the boxes of a HEIF or AVIF', () => {
  it('give the same facts if the last of them reaches to the end', async () => {
    const bytes = await avif();
    bytes.writeUInt32BE(0, bytes.lastIndexOf('mdat') - 4);
    expect(await inspect(bytes)).toMatchObject({
      width: 64,
      height: 48,
      integrity: { state: 'intact' },
      notes: [],
    });
  });

  it.each([0, 1] as const)('give the size of a sequence without a still picture: version %i', (version) => {
    const file = Buffer.concat([box('ftyp', 'avis\0\0\0\0avis'), box('moov', box('trak', track(version)))]);
    expect(readHeaderDimensions('AVIF', file)).toEqual({ width: 320, height: 200 });
  });

  it('are not looked for by name, so other content is not taken for them', async () => {
    const free = box(
      'free',
      box('meta', '\0\0\0\0', box('iprp', box('ipco', box('ispe', Buffer.alloc(12, 9))))),
    );
    const bytes = await avif();
    const start = bytes.readUInt32BE(0);
    const file = Buffer.concat([bytes.subarray(0, start), free, bytes.subarray(start)]);
    expect(readHeaderDimensions('AVIF', file)).toEqual({ width: 64, height: 48 });
  });
});

describe('the index of items', () => {
  it('has a note if it names a place outside the file', async () => {
    const bytes = await avif();
    expect(codesOf(bytes)).toEqual([]);
    const base = bytes.indexOf('iloc') + 16;
    const beyond = Buffer.from(bytes);
    beyond.writeUInt32BE(bytes.length, base);
    expect(codesOf(beyond)).toContain('heif_data_outside_file');
  });

  it('has a note if it is missing or empty', async () => {
    const bytes = await avif();
    const at = bytes.indexOf('iloc');
    const missing = Buffer.from(bytes);
    missing.write('free', at, 'latin1');
    expect(codesOf(missing)).toContain('heif_data_outside_file');
    const empty = Buffer.from(bytes);
    empty.writeUInt16BE(0, at + 4 + 6);
    expect(codesOf(empty)).toContain('heif_data_outside_file');
  });

  it('of a phone is sound', async () => {
    const phone = readStructure('HEIF', await readFile('test/support/images/reports/heic-no-pixels.heic'));
    expect(phone.notes).toEqual([
      { code: 'heif_data_outside_file', severity: 'warning', detail: 'item 1: 36673 of 371 bytes' },
    ]);
  });
});

describe('the colours of an AVIF', () => {
  const at = (bytes: Buffer, type: string) => bytes.indexOf(type, 0, 'latin1') + 4;
  const coloursOf = (bytes: Buffer) => readStructure('AVIF', bytes).properties.colourSpace;

  it.each([
    ['colours', noise(64, 48), { colourSpace: 'ycbcr', hasAlpha: false }],
    [
      'alpha, whose picture is grey',
      noise(64, 48).ensureAlpha(0.5),
      { colourSpace: 'ycbcr', hasAlpha: true },
    ],
  ] as const)('are known of a picture with %s', async (_what, picture, facts) => {
    expect(await inspect(await picture.avif({ effort: 0 }).toBuffer())).toMatchObject({
      integrity: { state: 'intact' },
      ...facts,
    });
  });

  it('are grey if the codec stores only brightness', async () => {
    const bytes = await avif();
    const codec = at(bytes, 'av1C');
    bytes.writeUInt8(bytes.readUInt8(codec + 2) | 0x10, codec + 2);
    expect(coloursOf(bytes)).toBe('grey');
  });

  it('are red, green and blue if the matrix leaves them as they are', async () => {
    const withMatrix = async (matrix: number) =>
      coloursOf(await withProperties([box('colr', 'nclx', Buffer.of(0, 1, 0, 13, 0, matrix, 0x80))], false));
    expect(await withMatrix(0)).toBe('rgb');
    expect(await withMatrix(1)).toBe('ycbcr');
  });

  it('are those of the primary picture, also if another codec comes first', async () => {
    const bytes = await noise(64, 48).ensureAlpha(0.5).avif({ effort: 0 }).toBuffer();
    // The second picture is the alpha of the first.
    bytes.writeUInt16BE(2, at(bytes, 'pitm') + 4);
    expect(coloursOf(bytes)).toBe('grey');
  });

  it('are those of the first codec if the primary picture has none of its own, as a grid', async () => {
    const bytes = await avif();
    bytes.writeUInt16BE(9, at(bytes, 'pitm') + 4);
    expect(coloursOf(bytes)).toBe('ycbcr');
  });

  it('are those of a phone', async () => {
    const phone = readStructure('HEIF', await readFile('test/support/images/reports/heic-no-pixels.heic'));
    expect(phone.properties).toMatchObject({ colourSpace: 'ycbcr', hasAlpha: false });
  });
});

describe('a turn of the picture', () => {
  type Turn = readonly ['irot' | 'imir', value: number];

  /** An AVIF that turns or mirrors its only picture. */
  const turned = (turns: readonly Turn[], essential = true) =>
    withProperties(
      turns.map(([type, value]) => box(type, Buffer.of(value))),
      essential,
    );

  it('has a note if it is not marked as essential', async () => {
    const codesAndState = async (essential: boolean) => {
      const facts = await inspect(await turned([['irot', 1]], essential));
      return [facts?.integrity.state, ...(facts?.notes ?? []).map(({ code }) => code)];
    };
    expect(await codesAndState(false)).toEqual(['intact', 'heif_transform_inessential']);
    expect(await codesAndState(true)).toEqual(['intact']);
  });

  it.each<readonly [orientation: number, turns: Turn[]]>([
    [8, [['irot', 1]]],
    [3, [['irot', 2]]],
    [6, [['irot', 3]]],
    [4, [['imir', 0]]],
    [2, [['imir', 1]]],
    [
      5,
      [
        ['imir', 1],
        ['irot', 1],
      ],
    ],
    [
      7,
      [
        ['irot', 1],
        ['imir', 1],
      ],
    ],
    [
      5,
      [
        ['irot', 1],
        ['imir', 0],
      ],
    ],
    [
      1,
      [
        ['imir', 0],
        ['irot', 2],
        ['imir', 1],
      ],
    ],
  ])('gives orientation %i, which the decoder shows, too: %j', async (orientation, turns) => {
    const bytes = await turned(turns);
    const isOnSide = orientation >= 5;
    expect(await inspect(bytes)).toMatchObject({
      width: 64,
      height: 48,
      orientation,
      displayed: isOnSide ? { width: 48, height: 64 } : { width: 64, height: 48 },
    });
    const upright = await sharp(await avif())
      .png()
      .withMetadata({ orientation })
      .toBuffer();
    expect(await sharp(upright).autoOrient().raw().toBuffer()).toEqual(await sharp(bytes).raw().toBuffer());
  });

  it('says nothing of the orientation if it is of another picture', async () => {
    const bytes = await turned([['irot', 1]]);
    // The id of the primary picture, behind version and flags.
    bytes.writeUInt16BE(2, bytes.indexOf('pitm') + 8);
    const { orientation } = readStructure('AVIF', bytes).properties;
    expect(orientation).toBeUndefined();
  });
});
