import { describe, expect, it } from 'vitest';
import {
  ASCII,
  BYTE,
  type Field,
  long,
  PIXELS_AT,
  RATIONAL,
  SHORT,
  tiffOfFields,
} from '../../../support/images/tiff-of-fields.ts';
import { inspect } from './inspect-file.ts';

const [ORIENTATION, X_RESOLUTION, UNIT, PAGE_NUMBER, SOFTWARE, DATE_TIME, INKS, XMP, ICC] = [
  274, 282, 296, 297, 305, 306, 334, 700, 34_675,
];

const text = (tag: number, value: string, count = value.length): Field => ({
  tag,
  type: ASCII,
  count,
  value: Buffer.from(value, 'latin1'),
});

const WIDTH = 64;
const HEIGHT = 4;

interface Fields {
  readonly before?: readonly Field[];
  readonly after?: readonly Field[];
}

/** Grey pixels in one strip, and more fields in front of or behind those that they need. */
function tiff({ before = [], after = [] }: Fields): Buffer {
  const needed = [
    [256, WIDTH],
    [257, HEIGHT],
    [258, 8],
    [259, 1],
    [262, 1],
    [273, PIXELS_AT],
    [277, 1],
    [278, HEIGHT],
    [279, WIDTH * HEIGHT],
  ] as const;
  const pixels = Buffer.alloc(WIDTH * HEIGHT, Buffer.from([0, 40, 90, 200, 30]));
  return tiffOfFields([...before, ...needed.map(([tag, value]) => long(tag, value)), ...after], pixels);
}

const look = (bytes: Buffer) => inspect(bytes, { measures: ['pixelHash'] });

const ODD: [what: string, fields: Fields, code: string | null][] = [
  ['text without its last NUL', { after: [text(SOFTWARE, 'made by hand')] }, null],
  ['text with a NUL inside', { after: [text(SOFTWARE, 'made\0by hand\0')] }, null],
  ['text of no length', { after: [text(SOFTWARE, '', 0)] }, null],
  ['text where numbers belong', { after: [text(X_RESOLUTION, 'seventy-two\0')] }, null],
  ['numbers where text belongs', { after: [{ tag: SOFTWARE, type: SHORT, count: 1, value: 7 }] }, null],
  ['a date that is too short', { after: [text(DATE_TIME, '2026\0')] }, null],
  ['a resolution as one number', { after: [{ tag: X_RESOLUTION, type: SHORT, count: 1, value: 72 }] }, null],
  [
    'a resolution of 72 by 0',
    {
      after: [{ tag: X_RESOLUTION, type: RATIONAL, count: 1, value: Buffer.from('4800000000000000', 'hex') }],
    },
    null,
  ],
  ['a unit that does not exist', { after: [{ tag: UNIT, type: SHORT, count: 1, value: 99 }] }, null],
  [
    'one page number instead of two',
    { after: [{ tag: PAGE_NUMBER, type: SHORT, count: 1, value: 0 }] },
    null,
  ],
  ['more inks than samples', { after: [{ tag: INKS, type: SHORT, count: 1, value: 4 }] }, null],
  ['an unknown field', { after: [long(65_000, 1)] }, null],
  ['an unknown field of an unknown type', { after: [{ tag: 65_000, type: 99, count: 3, value: 1 }] }, null],
  [
    'metadata outside the file',
    { after: [{ tag: XMP, type: BYTE, count: 1_000_000, value: 5_000_000 }] },
    null,
  ],
  ['fields that are not in order', { before: [text(SOFTWARE, 'made by hand\0')] }, null],
  ['a field twice', { after: [text(SOFTWARE, 'one time\0'), text(SOFTWARE, 'two times\0')] }, null],
  [
    'an orientation that does not exist',
    { before: [{ tag: ORIENTATION, type: SHORT, count: 1, value: 77 }] },
    'orientation_invalid',
  ],
  [
    'a colour profile that is none',
    { after: [{ tag: ICC, type: BYTE, count: 5, value: Buffer.from('other') }] },
    'icc_garbage',
  ],
];

describe('a TIFF whose metadata is odd', () => {
  it.each(ODD)('passes and shows all its pixels: %s', async (_what, fields, code) => {
    const [facts, expected] = [await look(tiff(fields)), await look(tiff({}))];
    expect(expected).toMatchObject({ integrity: { state: 'intact' }, notes: [] });
    expect(facts?.integrity).toEqual({ state: 'intact' });
    expect(facts?.notes?.map((note) => [note.code, note.severity])).toEqual(
      code === null ? [] : [[code, 'warning']],
    );
    expect(facts?.measures).toEqual(expected?.measures);
  });

  it.each(ODD)('is damaged all the same if its pixels are: %s', async (_what, fields) => {
    // The first field of a tag counts. So the strip is too short for this height.
    const taller = tiff({
      ...fields,
      before: [...(fields.before ?? []), long(257, HEIGHT + 1), long(278, HEIGHT + 1)],
    });
    expect((await look(taller))?.integrity.state).toBe('damaged');
  });

  const [GREY, RGB, CMYK] = [1, 2, 5];

  /** Pixels with more samples than their colours have. `explained`: what the file says of how many of these. */
  function moreSamples(photometric: number, samples: number, explained: readonly number[]): Buffer {
    const shorts = (values: readonly number[]) => Buffer.from(Uint16Array.from(values).buffer);
    const field = (tag: number, values: readonly number[]): Field => ({
      tag,
      type: SHORT,
      count: values.length,
      value: shorts(values),
    });
    return tiff({
      before: [
        long(256, Math.floor(WIDTH / samples)),
        field(258, Array<number>(samples).fill(8)),
        long(262, photometric),
        long(277, samples),
        ...(explained.length === 0 ? [] : [field(338, explained)]),
      ],
    });
  }

  it.each([
    ['grey and one more', GREY, 2, [], [0]],
    ['RGB and one more', RGB, 4, [], [0]],
    ['RGB and two more', RGB, 5, [], [0, 0]],
    ['RGB and two more, of which one is alpha', RGB, 5, [2], [2, 0]],
    ['CMYK and one more', CMYK, 5, [], [0]],
  ])('passes with samples that no field explains: %s', async (_what, colours, samples, given, complete) => {
    const [facts, expected] = [
      await look(moreSamples(colours, samples, given)),
      await look(moreSamples(colours, samples, complete)),
    ];
    expect(expected).toMatchObject({ integrity: { state: 'intact' }, notes: [] });
    expect(facts?.integrity).toEqual({ state: 'intact' });
    expect(facts?.notes).toMatchObject([{ code: 'tiff_samples_unexplained', severity: 'warning' }]);
    expect(facts?.measures).toEqual(expected?.measures);
    expect(facts?.channels).toBe(samples);
  });

  it('has the first of two widths, as decoders do', async () => {
    expect(await look(tiff({ before: [long(256, 32)] }))).toMatchObject({ width: 32 });
  });
});
