import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile, type FileHandle, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { createDecoderPool, type DecoderPool } from '../../../../../src/image/decoder/pool.ts';
import { BLOCK_BYTES } from '../../../../../src/image/limits.ts';
import { createLocalFile } from '../../../../../src/sources/local-file.ts';
import { inspectBy } from '../../../../support/images/inspect-by.ts';
import { expectWithin } from '../../../../support/machine-pace.ts';

const run = promisify(execFile);

const pools: DecoderPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});
const openPool = (readMs?: number) => {
  const pool = createDecoderPool({
    processes: 1,
    onEnd: () => undefined,
    ...(readMs !== undefined && { readMs }),
  });
  pools.push(pool);
  return pool;
};

describe('a worker without file descriptors', () => {
  it('has trouble that is tried again, decodes once there are some, and loses no place', async () => {
    const poolUrl = new URL('../../../../../src/image/decoder/pool.ts', import.meta.url).href;
    const fileUrl = new URL('../../../../../src/sources/local-file.ts', import.meta.url).href;
    // There are three tries for two places, so no try may lose a place.
    const code = `
      import { closeSync, openSync } from 'node:fs';
      import { open } from 'node:fs/promises';
      import { setTimeout } from 'node:timers/promises';
      import { createDecoderPool } from '${poolUrl}';
      import { createLocalFile } from '${fileUrl}';
      const pool = createDecoderPool({ processes: 2, onEnd: ({ stderr }) => ends.push(stderr) });
      const ends = [];
      const handle = await open('assets/rocket.jpg');
      const { size } = await handle.stat();
      const inspect = () => pool.inspectImage(createLocalFile(handle, size)).then(({ integrity }) => integrity.state, ({ code }) => code);
      const taken = [];
      try { for (;;) taken.push(openSync('/dev/null')); } catch {}
      const without = [await inspect(), await inspect(), await inspect()];
      for (const descriptor of taken) closeSync(descriptor);
      let withSome;
      do withSome = await inspect();
      while (withSome === 'decoder_unavailable' && (await setTimeout(50)) === undefined);
      process.stdout.write(JSON.stringify({ without, withSome, ends }));
      process.exit();`;
    const { stdout } = await run('/bin/sh', [
      '-c',
      'ulimit -n 60; exec "$0" "$@"',
      process.execPath,
      '--input-type=module',
      '--eval',
      code,
    ]);
    expect(JSON.parse(stdout)).toEqual({
      without: ['decoder_unavailable', 'decoder_unavailable', 'decoder_unavailable'],
      withSome: 'intact',
      ends: ['No file descriptors for the pipes of a decoder'],
    });
  });
});

describe('storage that hangs', () => {
  /** A good picture of three blocks. No block from `hangsAt` on arrives. */
  const jpeg = Buffer.concat([readFileSync('assets/rocket.jpg'), Buffer.alloc(2 * BLOCK_BYTES)]);
  const openHanging = (hangsAt: number) => {
    let hang: () => void;
    const hanging = new Promise<void>((resolve) => (hang = resolve));
    const handle = {
      read(block: Buffer, at: number, length: number, position: number) {
        const bytesRead = jpeg.copy(block, at, position, position + length);
        if (position < hangsAt) return Promise.resolve({ bytesRead });
        hang();
        return new Promise(() => undefined);
      },
    };
    return { file: createLocalFile(handle as unknown as FileHandle, jpeg.length), hanging };
  };

  it.each([0, BLOCK_BYTES])(
    'frees its decoder for others once its try is given up, at byte %i',
    async (at) => {
      const pool = openPool();
      const reason = new Error('no longer wanted');
      const givenUp = new AbortController();
      const { file, hanging } = openHanging(at);
      const inspecting = pool.inspectImage(file, { signal: givenUp.signal });
      await hanging;
      givenUp.abort(reason);
      await expect(inspecting).rejects.toBe(reason);
      expect(await inspectBy(pool.inspectImage, 'assets/rocket.jpg')).toMatchObject({ width: 640 });
    },
  );

  it('holds no decoder while not even the first bytes come', async () => {
    const pool = openPool();
    const givenUp = new AbortController();
    const { file, hanging } = openHanging(0);
    const inspecting = pool.inspectImage(file, { signal: givenUp.signal });
    await hanging;
    // There is one decoder.
    expect(await inspectBy(pool.inspectImage, 'assets/rocket.jpg')).toMatchObject({ width: 640 });
    givenUp.abort(new Error('no longer wanted'));
    await expect(inspecting).rejects.toThrow('no longer wanted');
  });

  it.each([0, BLOCK_BYTES])('is reported as trouble, and no longer waited for, at byte %i', async (at) => {
    const pool = openPool(1_500);
    await expect(pool.inspectImage(openHanging(at).file)).rejects.toMatchObject({
      code: 'storage_unavailable',
      cause: { message: 'the file was not read within 1.5 s' },
    });
    expect(await inspectBy(pool.inspectImage, 'assets/rocket.jpg')).toMatchObject({ width: 640 });
  });
});

describe('a file too large to pass', () => {
  it('is judged by its head, and six files of a terabyte hold up no other', async () => {
    const pool = openPool();
    await inspectBy(pool.inspectImage, 'assets/rocket.jpg');
    const dir = await mkdtemp(join(tmpdir(), 'validatr-large-'));
    const path = join(dir, 'large.jpg');
    await copyFile('assets/rocket.jpg', path);
    // Sparse: it takes no room.
    await truncate(path, 2 ** 40);
    const begin = performance.now();
    const large = Array.from({ length: 6 }, () => inspectBy(pool.inspectImage, path));
    expect(await inspectBy(pool.inspectImage, 'assets/rocket.jpg')).toMatchObject({ width: 640 });
    // All seven, one after another.
    expectWithin(performance.now() - begin, 2_000);
    for (const result of await Promise.all(large))
      expect(result).toEqual({
        format: 'JPEG',
        width: 640,
        height: 427,
        bytes: 2 ** 40,
        sha256: null,
        integrity: { state: 'damaged', reason: 'larger than 128 MiB' },
      });
    await rm(dir, { recursive: true });
  });
});
