import { readFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createDecoderPool, type DecoderPool } from '../../../../../src/image/decoder/pool.ts';
import { BLOCK_BYTES, SLOW_IMAGE_MS } from '../../../../../src/image/limits.ts';
import { createLocalFile } from '../../../../../src/sources/local-file.ts';
import { eventually } from '../../../../support/eventually.ts';

const ROCKET = readFileSync('assets/rocket.jpg');
/** A good picture of two blocks. */
const LARGE = Buffer.concat([ROCKET, Buffer.alloc(BLOCK_BYTES)]);

const pools: DecoderPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

function openPool(processes: number) {
  // Images take no time, except for those that a test makes long.
  let nowMs = 1_000;
  const pool = createDecoderPool({ processes, onEnd: () => undefined, now: () => nowMs });
  pools.push(pool);
  /** The images that have ended, in this order. */
  const ended: string[] = [];
  const inspect = async (tenant: string, name: string, file: ReturnType<typeof fileOf>) => {
    const facts = await pool.inspectImage(file, { tenant });
    ended.push(name);
    return facts;
  };
  return {
    ended,
    inspect,
    small: (tenant: string, name: string) => inspect(tenant, name, fileOf(ROCKET)),
    pass: (ms: number) => (nowMs += ms),
  };
}

function fileOf(image: Buffer, beforeRead: (position: number) => void | Promise<void> = () => undefined) {
  const handle = {
    async read(block: Buffer, at: number, length: number, position: number) {
      await beforeRead(position);
      return { bytesRead: image.copy(block, at, position, position + length) };
    },
  };
  return createLocalFile(handle as unknown as FileHandle, image.length);
}

/** An image that keeps its decoder until `release` is called, because the rest of its bytes comes only then. */
function longImage() {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let hasDecoder = false;
  const file = fileOf(LARGE, async (position) => {
    if (position < BLOCK_BYTES) return;
    hasDecoder = true;
    await released;
  });
  return { file, release, hasDecoder: () => hasDecoder };
}

const untilDecoded = ({ hasDecoder }: { hasDecoder: () => boolean }) =>
  eventually(hasDecoder, { what: 'a decoder for the image' });

/** Lets everything that can go on now go on: reads that are done at once, and places in the queue. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('images of several tenants', () => {
  it('wait for the one under way at most, however many of another tenant wait', async () => {
    const { ended, inspect, small, pass } = openPool(1);
    const long = longImage();
    const all = [inspect('a', 'a0', long.file)];
    await untilDecoded(long);
    for (let image = 1; image <= 20; image += 1) all.push(small('a', `a${image}`));
    await settle();
    all.push(small('b', 'b1'), small('c', 'c1'), small('b', 'b2'));
    await settle();
    pass(10);
    long.release();
    await Promise.all(all);
    // The tenant that had the long image comes last, because it has had a decoder for longest.
    expect(ended.slice(0, 4)).toEqual(['a0', 'b1', 'c1', 'b2']);
  });

  it('take turns by time: a tenant with long images gets fewer of them done than one with short images', async () => {
    const { ended, inspect, small, pass } = openPool(1);
    const first = longImage();
    const second = longImage();
    const all = [inspect('a', 'a1', first.file)];
    await untilDecoded(first);
    all.push(inspect('a', 'a2', second.file));
    for (let image = 1; image <= 5; image += 1) all.push(small('b', `b${image}`));
    await settle();
    pass(1_000);
    first.release();
    await untilDecoded(second);
    expect(ended).toEqual(['a1', 'b1', 'b2', 'b3', 'b4', 'b5']);
    second.release();
    await Promise.all(all);
  });

  it('have a decoder that no slow image takes, once a tenant has shown that its images are slow', async () => {
    const { ended, inspect, small, pass } = openPool(2);
    await small('b', 'b1');
    const [first, second, third] = [longImage(), longImage(), longImage()];
    const all = [inspect('a', 'a1', first.file)];
    await untilDecoded(first);
    pass(SLOW_IMAGE_MS + 1);
    first.release();
    await all[0];
    all.push(inspect('a', 'a2', second.file));
    await untilDecoded(second);
    all.push(inspect('a', 'a3', third.file));
    await settle();
    // Its second image waits, although a decoder is idle.
    await small('b', 'b2');
    await small('b', 'b3');
    expect(ended).toEqual(['b1', 'a1', 'b2', 'b3']);
    expect(third.hasDecoder()).toBe(false);
    second.release();
    await untilDecoded(third);
    third.release();
    await Promise.all(all);
  });

  it('of one tenant alone get all decoders, slow or not', async () => {
    const { inspect, pass } = openPool(2);
    const slow = longImage();
    const first = inspect('a', 'a1', slow.file);
    await untilDecoded(slow);
    pass(SLOW_IMAGE_MS + 1);
    slow.release();
    await first;
    const both = [longImage(), longImage()];
    const all = both.map(({ file }) => inspect('a', 'a2', file));
    await Promise.all(both.map(untilDecoded));
    for (const { release } of both) release();
    await Promise.all(all);
  });
});
