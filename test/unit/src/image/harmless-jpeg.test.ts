import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { createRandom, noise } from '../../../support/images/image-seeds.ts';
import { insert, type JpegSegment, segmentsOf } from '../../../support/images/jpeg-segments.ts';
import { segment } from '../../../support/images/odd-files/jpeg-parts.ts';
import { inspect } from './inspect-file.ts';

const [SOF0, DHT, SOS, EOI, APP0, APP14] = [0xc0, 0xc4, 0xda, 0xd9, 0xe0, 0xee];
const REPORTS = 'test/support/images/reports/jpeg/';

const SEEDS = {
  'a baseline JPEG': () => noise().jpeg().toBuffer(),
  'a progressive JPEG': () => noise().jpeg({ progressive: true }).toBuffer(),
  'a grey JPEG': () => noise().toColourspace('b-w').jpeg().toBuffer(),
  'a CMYK JPEG': () => noise().toColourspace('cmyk').jpeg().toBuffer(),
};

/** Stray bytes without a marker in them. */
const STRAY = [
  Buffer.from([0]),
  Buffer.from([0, 0]),
  Buffer.from([0xff, 0x00, 0x31]),
  Buffer.from('\r\n'),
  Buffer.alloc(64, 0x55),
  Buffer.alloc(4_000),
  randomBytes(100),
];

function randomBytes(length: number): Buffer {
  const next = createRandom(length);
  return Buffer.from(Array.from({ length }, () => next(255)));
}

const look = (bytes: Buffer) => inspect(bytes, { measures: ['pixelHash'] });

/** The picture passes with one note, a warning, and shows the same pixels as `whole`. */
async function expectSame(bytes: Buffer, whole: Buffer, code: string, what: string): Promise<void> {
  const [facts, expected] = [await look(bytes), await look(whole)];
  expect(expected?.integrity.state).toBe('intact');
  expect(facts?.integrity, what).toEqual({ state: 'intact' });
  expect(
    facts?.notes?.map((note) => [note.code, note.severity]),
    what,
  ).toEqual([[code, 'warning']]);
  expect(facts?.measures, what).toEqual(expected?.measures);
}

/** A JPEG with a field of its segment changed. */
function change(bytes: Buffer, { start }: JpegSegment, at: number, value: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[start + 4 + at] = value;
  return changed;
}

const find = (bytes: Buffer, marker: number) => segmentsOf(bytes).filter((found) => found.marker === marker);

describe('a JPEG passes with a warning, and shows all its pixels', () => {
  it.each(Object.entries(SEEDS))(
    'with stray bytes before any segment of its header: %s',
    async (_what, make) => {
      const bytes = await make();
      const segments = segmentsOf(bytes);
      const header = segments.slice(0, segments.findIndex(({ marker }) => marker === SOS) + 1);
      for (const [index, { marker, start }] of header.entries()) {
        // Many bytes before the first segment hide the format.
        for (const stray of STRAY.filter(({ length }) => index > 0 || length < 500)) {
          const what = `${stray.length} bytes before ${marker.toString(16)}`;
          await expectSame(insert(bytes, start, stray), bytes, 'jpeg_garbage_between_segments', what);
        }
      }
    },
  );

  it('with stray bytes before the tables between its scans', async () => {
    const bytes = await noise().jpeg({ progressive: true }).toBuffer();
    const segments = segmentsOf(bytes);
    const between = segments.filter(
      ({ marker }, index) => marker === SOS && segments[index - 1]?.marker === DHT,
    );
    expect(between.length).toBeGreaterThan(3);
    for (const { start } of between.slice(1)) {
      for (const stray of STRAY) {
        const what = `${stray.length} bytes at ${start}`;
        await expectSame(insert(bytes, start, stray), bytes, 'jpeg_garbage_between_segments', what);
      }
    }
  });

  it.each([
    ['a progressive JPEG', () => noise().jpeg({ progressive: true }).toBuffer()],
    ['a baseline JPEG', () => noise().jpeg().toBuffer()],
    ['a JPEG of a scan for each component', makeOneScanEach],
  ])('with padding behind any of its scans: %s', async (_what, make) => {
    const bytes = await make();
    for (const { end } of find(bytes, SOS)) {
      for (const padding of [
        Buffer.from([0]),
        Buffer.from([0x12, 0x34]),
        Buffer.alloc(4, 0x7f),
        randomBytes(15),
        Buffer.alloc(16),
        Buffer.alloc(700, 0x20),
      ]) {
        const what = `${padding.length} bytes at ${end}`;
        await expectSame(insert(bytes, end, padding), bytes, 'jpeg_bytes_left', what);
      }
    }
  });

  it.each([
    ['a baseline JPEG', () => noise().jpeg().toBuffer()],
    ['a JPEG of a scan for each component', makeOneScanEach],
  ])('with odd values in the headers of sequential scans: %s', async (_what, make) => {
    const bytes = await make();
    for (const scan of find(bytes, SOS)) {
      const at = 1 + 2 * bytes.readUInt8(scan.start + 4);
      for (const [first, last, bits] of [
        [0, 0, 0],
        [1, 63, 0],
        [0, 5, 0],
        [0, 63, 0x10],
        [0, 63, 0x01],
        [63, 0, 0xff],
        [200, 255, 0x3d],
      ] as const) {
        const odd = change(change(change(bytes, scan, at, first), scan, at + 1, last), scan, at + 2, bits);
        await expectSame(odd, bytes, 'jpeg_odd_value', `${first} to ${last}, ${bits}`);
      }
    }
  });

  it('with a version of JFIF that does not exist', async () => {
    const bytes = await readFile(`${REPORTS}control.jpg`);
    const [jfif] = find(bytes, APP0);
    if (jfif === undefined) throw new Error('no JFIF');
    for (const version of [0, 2, 9, 255])
      await expectSame(change(bytes, jfif, 5, version), bytes, 'jpeg_odd_value', `version ${version}`);
  });

  it.each([
    ['three components', 'a baseline JPEG', 1],
    ['four components', 'a CMYK JPEG', 2],
  ] as const)("with a transform of Adobe's that does not exist: %s", async (_what, seed, known) => {
    const bytes = withoutApplications(await SEEDS[seed]());
    const adobe = (transform: number) =>
      insert(
        bytes,
        2,
        segment(APP14, Buffer.from(`Adobe\0\x64\0\0\0\0${String.fromCodePoint(transform)}`, 'latin1')),
      );
    for (const transform of [3, 4, 7, 100]) {
      await expectSame(adobe(transform), adobe(known), 'jpeg_odd_value', `transform ${transform}`);
    }
    // JFIF decides about three components, so the transform is not even odd.
    const jfif = segment(APP0, Buffer.from('JFIF\0\x01\x01\0\0\x01\0\x01\0\0', 'latin1'));
    const both = await look(insert(adobe(7), 2, jfif));
    expect(both?.integrity).toEqual({ state: 'intact' });
    expect(both?.notes).toHaveLength(seed === 'a CMYK JPEG' ? 1 : 0);
  });

  it('of one component with any transform of Adobe, without a note', async () => {
    const bytes = withoutApplications(await SEEDS['a grey JPEG']());
    for (const transform of [0, 1, 2, 7]) {
      const adobe = Buffer.from(`Adobe\0\x64\0\0\0\0${String.fromCodePoint(transform)}`, 'latin1');
      expect(await look(insert(bytes, 2, segment(APP14, adobe)))).toMatchObject({
        integrity: { state: 'intact' },
        colourSpace: 'grey',
        notes: [],
      });
    }
  });

  it('with the usual tables instead of its own, if these have lost their marker', async () => {
    const bytes = await noise().jpeg({ optimiseCoding: false }).toBuffer();
    const lost = Buffer.from(bytes);
    for (const { start } of find(bytes, DHT)) lost[start] = 0;
    await expectSame(lost, bytes, 'jpeg_garbage_between_segments', 'without tables');
  });
});

describe('a progressive JPEG', () => {
  it.each([
    ['three components, half the colours', { chromaSubsampling: '4:2:0' }, 'srgb'],
    ['three components, all colours', { chromaSubsampling: '4:4:4' }, 'srgb'],
    ['scans of another program', { mozjpeg: true }, 'srgb'],
    ['grey', {}, 'b-w'],
    ['four components', {}, 'cmyk'],
  ])('passes without a note at any quality: %s', async (_what, options, space) => {
    const picture = await readFile('assets/rocket.jpg');
    for (const quality of [1, 20, 50, 75, 90, 100]) {
      const bytes = await sharp(picture)
        .toColourspace(space)
        .jpeg({ ...options, progressive: true, quality })
        .toBuffer();
      const facts = await inspect(bytes);
      expect(facts, `quality ${quality}`).toMatchObject({ integrity: { state: 'intact' }, notes: [] });
      expect(facts?.progressive).toBe(true);
    }
  });
});

describe('a JPEG is damaged', () => {
  it('if stray bytes hide tables that are not the usual ones', async () => {
    const bytes = await noise().jpeg({ optimiseCoding: true }).toBuffer();
    for (const { start } of find(bytes, DHT)) bytes[start] = 0;
    expect((await look(bytes))?.integrity.state).toBe('damaged');
  });

  it('if stray bytes hide its quantisation or its frame header', async () => {
    for (const marker of [0xdb, SOF0]) {
      const made = await noise().jpeg({ optimiseCoding: false }).toBuffer();
      // The first bytes must stay, because they prove the format.
      const bytes = insert(made, 2, segment(0xfe, 'first'));
      for (const { start } of find(bytes, marker)) bytes[start] = 0;
      expect((await look(bytes))?.integrity.state, marker.toString(16)).toBe('damaged');
    }
  });

  it("if stray bytes hide Adobe's segment, which says that its colours are RGB", async () => {
    const bytes = withoutApplications(await SEEDS['a baseline JPEG']());
    const adobe = segment(APP14, Buffer.from('Adobe\0\x64\0\0\0\0\0', 'latin1'));
    const rgb = insert(bytes, 2, Buffer.concat([segment(0xfe, 'first'), adobe]));
    expect(await look(rgb)).toMatchObject({ integrity: { state: 'intact' }, colourSpace: 'rgb' });
    rgb[rgb.indexOf(Buffer.from([0xff, APP14]))] = 0;
    expect((await look(rgb))?.integrity.state).toBe('damaged');
  });

  it('if more than a few bytes that are no padding lie behind a scan', async () => {
    for (const progressive of [false, true]) {
      const bytes = await noise().jpeg({ progressive }).toBuffer();
      for (const { end } of find(bytes, SOS)) {
        const facts = await look(insert(bytes, end, randomBytes(100)));
        expect(facts?.integrity.state, `at ${end}`).toBe('damaged');
      }
    }
  });
});

/** A sequential JPEG with a scan for each component, and two bytes of padding behind the first. */
async function makeOneScanEach(): Promise<Buffer> {
  const bytes = await readFile(`${REPORTS}scans-one-each-2-bytes-between.jpg`);
  const [first] = find(bytes, SOS);
  const end = first?.end ?? 0;
  return Buffer.concat([bytes.subarray(0, end - 2), bytes.subarray(end)]);
}

function withoutApplications(bytes: Buffer): Buffer {
  const kept = segmentsOf(bytes).filter(({ marker }) => marker < APP0 || marker === EOI);
  return Buffer.concat([bytes.subarray(0, 2), ...kept.map(({ start, end }) => bytes.subarray(start, end))]);
}
