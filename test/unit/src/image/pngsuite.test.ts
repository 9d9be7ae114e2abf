import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inspect } from './inspect-file.ts';

const PNGSUITE = 'test/support/pngsuite/';
const names = readdirSync(PNGSUITE).filter((name) => name.endsWith('.png'));

/** By name: the fault, and the end of its message. Null: the signature is broken, so the file is no image at all. */
const CORRUPT: Record<string, [code: string, reason: string] | null> = {
  // A transfer as text has changed the signature.
  xs1n0g01: null,
  xs2n0g01: null,
  xs4n0g01: null,
  xs7n0g01: null,
  xcrn0g04: null,
  xlfn0g04: null,
  xhdn0g08: ['png_crc_mismatch', 'bad checksum'],
  xcsn0g01: ['png_crc_mismatch', 'bad checksum'],
  xc1n0g08: ['png_header_invalid', 'corrupt data'],
  xc9n2c08: ['png_header_invalid', 'corrupt data'],
  xd0n2c08: ['png_header_invalid', 'corrupt data'],
  xd3n2c08: ['png_header_invalid', 'corrupt data'],
  xd9n2c08: ['png_header_invalid', 'corrupt data'],
  xdtn0g01: ['png_missing_idat', 'corrupt data'],
};

/** The names say it: the first letters a feature, then interlaced or not, colour type and its letter, bit depth. */
const COLOURS: Record<string, object> = {
  '0g': { colourSpace: 'grey', channels: 1 },
  '2c': { colourSpace: 'rgb', channels: 3 },
  '3p': { colourSpace: 'palette', channels: 1 },
  '4a': { colourSpace: 'grey', channels: 2, hasAlpha: true },
  '6a': { colourSpace: 'rgb', channels: 4, hasAlpha: true },
};

describe('PngSuite', () => {
  const valid = names.filter((name) => !name.startsWith('x'));

  it('passes with all of its 161 valid files, without a note', async () => {
    expect(valid).toHaveLength(161);
    for (const name of valid) {
      expect(await inspect(PNGSUITE + name), name).toMatchObject({
        integrity: { state: 'intact' },
        notes: [],
      });
    }
  });

  it('gets the properties that its file names give', async () => {
    for (const name of valid.filter((name) => name !== 'PngSuite.png')) {
      const [, interlace, colour = '', depth] = /^.{2}.([in])(\d[a-z])(\d\d)\.png$/.exec(name) ?? [];
      expect(await inspect(PNGSUITE + name), name).toMatchObject({
        ...COLOURS[colour],
        bitDepth: Number(depth),
        interlaced: interlace === 'i',
        frames: 1,
        trailingBytes: 0,
      });
    }
  });

  it.each(names.filter((name) => name.startsWith('x')))('has %s refused, with the reason', async (name) => {
    const expected = CORRUPT[name.replace('.png', '')];
    const facts = await inspect(PNGSUITE + name);
    if (expected === null) return expect(facts).toBeNull();
    expect(facts?.integrity).toEqual({ state: 'damaged', reason: expected?.[1] });
    expect(facts?.notes?.map(({ code }) => code)).toEqual([expected?.[0]]);
  });

  it('has 14 corrupt files', () => {
    expect(Object.keys(CORRUPT).sort()).toEqual(
      names.filter((name) => name.startsWith('x')).map((name) => name.replace('.png', '')),
    );
  });
});
