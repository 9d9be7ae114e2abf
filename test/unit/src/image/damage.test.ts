import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { ImageFacts } from '../../../../src/domain/image-facts.ts';
import { IMAGE_NOTE_CODES, MAX_NOTES } from '../../../../src/domain/image-notes.ts';
import { createRandom, frames, noise, SEEDS } from '../../../support/images/image-seeds.ts';
import { insert, segmentsOf } from '../../../support/images/jpeg-segments.ts';
import { segment } from '../../../support/images/odd-files/jpeg-parts.ts';
import { inspect } from './inspect-file.ts';
import { expectProcessorTimeWithin, processorMs } from '../../../support/machine-pace.ts';

const CUTS = 64;
const FLIPS = 1_000;

/** The bound for one file of a few kB, with its decoding. It takes 10 ms, so the bound is far above that and far below a hang. */
const BOUND_MS = 1_000;

/** Workflow histories carry the facts. */
const MAX_FACTS_BYTES = 2_000;

const integrityOf = async (bytes: Buffer) => (await inspect(bytes))?.integrity;

/** Checks that hold for the facts of any file. */
function expectVerdict(facts: ImageFacts | null, what: string): void {
  if (facts === null) return;
  const { integrity, notes = [] } = facts;
  expect(['intact', 'damaged', 'not_checked'], what).toContain(integrity.state);
  const hasError = notes.some(({ severity }) => severity === 'error');
  if (integrity.state !== 'not_checked') expect(hasError, what).toBe(integrity.state === 'damaged');
  if (integrity.state === 'damaged')
    expect(['truncated', 'bad checksum', 'corrupt data'], what).toContain(integrity.reason);
  expect(notes.length, what).toBeLessThanOrEqual(MAX_NOTES);
  for (const { code } of notes) expect(IMAGE_NOTE_CODES, what).toContain(code);
  expect(JSON.stringify(facts).length, what).toBeLessThan(MAX_FACTS_BYTES);
  // Postgres keeps no \u0000 in JSON.
  expect(JSON.stringify(facts), what).toMatch(/^[ -~]*$/);
}

/** What the decoder would warn of although it touches no pixel: padding behind each scan, stray bytes before tables. */
function withWarnings(bytes: Buffer): Buffer {
  const [DQT, SOS, COM] = [0xdb, 0xda, 0xfe];
  const AFTER_SOI = 2;
  const commented = insert(bytes, AFTER_SOI, segment(COM, 'The first bytes of a JPEG stay.'));
  return segmentsOf(commented).reduceRight((odd, { marker, start, end }) => {
    if (marker === SOS) return insert(odd, end, Buffer.alloc(4, 0x7f));
    return marker === DQT ? insert(odd, start, Buffer.alloc(2)) : odd;
  }, commented);
}

describe('a damaged file', () => {
  it.each(Object.entries(SEEDS))('%s passes whole, and never cut short', async (_what, make) => {
    const bytes = await make();
    expect(await integrityOf(bytes)).toEqual({ state: 'intact' });
    for (let cut = 0; cut < CUTS; cut += 1) {
      const length = Math.floor((bytes.length * cut) / CUTS);
      const facts = await inspect(bytes.subarray(0, length));
      const what = `${length} of ${bytes.length} bytes`;
      expect(facts?.integrity.state ?? 'no image', what).not.toBe('intact');
      expectVerdict(facts, what);
    }
    // The last byte counts as well. In a WebP it may be padding, which readers do not need.
    expect((await integrityOf(bytes.subarray(0, -2)))?.state).toBe('damaged');
  });

  it.each(['a baseline JPEG', 'a PNG', 'a GIF', 'a WebP'])(
    '%s with bytes behind its end passes until the cut reaches its own bytes',
    async (name) => {
      const bytes = (await SEEDS[name]?.()) ?? Buffer.alloc(0);
      const longer = Buffer.concat([bytes, Buffer.from('trailing bytes '.repeat(200))]);
      for (let cut = 1; cut <= CUTS; cut += 1) {
        const length = Math.floor((longer.length * cut) / CUTS);
        const facts = await inspect(longer.subarray(0, length));
        const isWhole = length >= bytes.length;
        expect(facts?.integrity.state === 'intact', `${length} of ${longer.length} bytes`).toBe(isWhole);
        if (isWhole) expect(facts?.trailingBytes).toBe(length - bytes.length);
      }
    },
  );

  it('says "truncated" of a JPEG that lacks its second half, or only its end', async () => {
    const bytes = await readFile('assets/rocket.jpg');
    for (const length of [bytes.length / 2, bytes.length - 500, bytes.length - 2]) {
      expect(await inspect(bytes.subarray(0, length))).toMatchObject({
        integrity: { state: 'damaged', reason: 'truncated' },
        notes: [{ code: 'jpeg_missing_eoi' }],
      });
    }
  });

  it('is not taken for a whole JPEG because a thumbnail in it has an end', async () => {
    const bytes = await readFile('assets/rocket.jpg');
    const thumbnail = Buffer.from('ffe1000affd8ffd9ffd9ffd9', 'hex');
    const file = Buffer.concat([bytes.subarray(0, 2), thumbnail, bytes.subarray(2)]);
    expect(await integrityOf(file)).toEqual({ state: 'intact' });
    expect(await integrityOf(file.subarray(0, file.length / 2))).toEqual({
      state: 'damaged',
      reason: 'truncated',
    });
  });

  it('is seen wherever an odd progressive JPEG is cut, or loses the end of a scan', async () => {
    const made = await noise().jpeg({ progressive: true }).toBuffer();
    const bytes = withWarnings(made);
    expect(await integrityOf(bytes)).toEqual({ state: 'intact' });
    for (let cut = 1; cut < CUTS; cut += 1) {
      const length = Math.floor((bytes.length * cut) / CUTS);
      expect((await integrityOf(bytes.subarray(0, length)))?.state, `${length} bytes`).toBe('damaged');
    }
    const SOS = 0xda;
    for (const { end } of segmentsOf(made).filter(({ marker }) => marker === SOS)) {
      // Fewer bytes than the padding may be read from it.
      for (const missing of [8, 20, 50]) {
        const shorter = Buffer.concat([made.subarray(0, end - missing), made.subarray(end)]);
        const what = `${missing} bytes before ${end}`;
        expect((await integrityOf(withWarnings(shorter)))?.state, what).toBe('damaged');
      }
    }
  });

  it.each(['4:4:4', '4:2:0'])('is seen in the very last rows of a JPEG, %s', async (chromaSubsampling) => {
    for (const make of [
      () => noise(160, 120).jpeg({ chromaSubsampling }),
      () => noise(160, 121).jpeg({ chromaSubsampling, progressive: true }),
      () => noise(161, 127).jpeg({ chromaSubsampling, optimiseCoding: false }),
      () => noise(160, 128).grayscale().jpeg({ chromaSubsampling }),
    ]) {
      const bytes = await make().toBuffer();
      expect(await integrityOf(bytes)).toEqual({ state: 'intact' });
      for (const missing of [2, 10, 50, 200]) {
        const file = Buffer.concat([bytes.subarray(0, -2 - missing), bytes.subarray(-2)]);
        expect(await integrityOf(file), `${missing} bytes`).toEqual({
          state: 'damaged',
          reason: 'truncated',
        });
      }
    }
  });

  it('is found in a JPEG of one component, whose factors mean nothing', async () => {
    const bytes = await noise(160, 128).toColourspace('b-w').jpeg().toBuffer();
    const factors = bytes.indexOf('ffc0', 'hex') + 11;
    for (const pair of [0x11, 0x12, 0x21, 0x22, 0x41]) {
      bytes[factors] = pair;
      expect(await integrityOf(bytes)).toEqual({ state: 'intact' });
      for (const missing of [1, 2, 10, 50, 160]) {
        const file = Buffer.concat([bytes.subarray(0, -2 - missing), bytes.subarray(-2)]);
        expect(await integrityOf(file), `${missing} bytes`).toEqual({
          state: 'damaged',
          reason: 'truncated',
        });
      }
    }
  });

  it.each([
    [75, '4:2:0', 'baseline'],
    [90, '4:2:0', 'baseline'],
    [95, '4:4:4', 'baseline'],
    [98, '4:4:4', 'baseline'],
    [75, '4:2:0', 'progressive'],
    [95, '4:4:4', 'progressive'],
    [90, '4:2:0', 'odd progressive'],
  ])(
    'is seen if a block of the disk was lost: quality %i, %s, %s',
    async (quality, chromaSubsampling, kind) => {
      const progressive = kind !== 'baseline';
      const made = await sharp('assets/astronaut.png')
        .jpeg({ quality, chromaSubsampling, progressive })
        .toBuffer();
      const bytes = kind === 'odd progressive' ? withWarnings(made) : made;
      expect(await integrityOf(bytes)).toEqual({ state: 'intact' });
      const from = bytes.indexOf('ffda', 'hex');
      const passing = async (size: number) => {
        let count = 0;
        let passed = 0;
        // Each third block of a progressive file is enough, because each may change the whole picture.
        const step = progressive ? 3 * size : size;
        for (let at = Math.ceil(from / size) * size; at + size < bytes.length; at += step, count += 1) {
          const file = Buffer.from(bytes).fill(0, at, at + size);
          if ((await integrityOf(file))?.state === 'intact') passed += 1;
        }
        return passed / count;
      };
      expect(await passing(4_096)).toBe(0);
      // Zeros are codes as well, and few of them may stand for as many blocks as there were.
      expect(await passing(512)).toBeLessThan(0.15);
    },
  );

  it('has every frame decoded: a damaged last frame of a GIF is damage', async () => {
    const gif = await frames(3, 100)
      .gif({ delay: [10, 10, 10] })
      .toBuffer();
    expect(await integrityOf(gif)).toEqual({ state: 'intact' });
    expect((await integrityOf(gif.subarray(0, gif.length - 2000)))?.state).toBe('damaged');
  });

  it('gets a verdict, in time, for each of a thousand flipped bits', async () => {
    const seeds = await Promise.all(
      Object.entries(SEEDS).map(async ([name, make]) => [name, await make()] as const),
    );
    const next = createRandom(1);
    const states: Record<string, number> = {};
    for (let flip = 0; flip < FLIPS; flip += 1) {
      const [name, seed] = seeds[flip % seeds.length] ?? ['', Buffer.alloc(0)];
      const bytes = Buffer.from(seed);
      // Half of them in the head, where structure is.
      const [at, bit] = [next(flip % 2 === 0 ? bytes.length : 200), next(8)];
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
      const begin = processorMs();
      const facts = await inspect(bytes);
      const what = `bit ${bit} of byte ${at} in ${name}`;
      expectProcessorTimeWithin(processorMs() - begin, BOUND_MS, what);
      expectVerdict(facts, what);
      const state = facts?.integrity.state ?? 'no image';
      states[state] = (states[state] ?? 0) + 1;
    }
    // A sweep that reaches one verdict only would prove little.
    expect(Object.keys(states)).toEqual(expect.arrayContaining(['damaged', 'intact', 'no image']));
  });
});
