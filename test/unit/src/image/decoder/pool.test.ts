import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { getPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import type { AssetFile } from '../../../../../src/domain/ports/sources.ts';
import {
  createDecoderPool,
  type DecoderPool,
  type DecoderPoolOptions,
} from '../../../../../src/image/decoder/pool.ts';
import { readUsage } from '../../../../../src/image/decoder/process-usage.ts';
import type { DecoderEnd } from '../../../../../src/image/decoder/process.ts';
import {
  BLOCK_BYTES,
  DECODE_WALL_MS,
  DECODER_RESIDENT_BYTES,
  FIRST_READ_BYTES,
  IMAGES_PER_DECODER,
} from '../../../../../src/image/limits.ts';
import { createLocalFile } from '../../../../../src/sources/local-file.ts';
import { CONDITION_MS } from '../../../../support/deadlines.ts';
import { eventually } from '../../../../support/eventually.ts';
import { hostileImage } from '../../../../support/images/hostile-image.ts';
import { inspectBy } from '../../../../support/images/inspect-by.ts';
import { expectWithin } from '../../../../support/machine-pace.ts';

const HOSTILE = fileURLToPath(new URL('../../../../support/images/hostile-decoder.ts', import.meta.url));
const ROCKET = { format: 'JPEG', width: 640, height: 427, bytes: 112_525, integrity: { state: 'intact' } };

const pools: DecoderPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

/** Real processes, with holes where a hostile file would find them. */
function openPool(options: Partial<DecoderPoolOptions> = {}) {
  const ends: DecoderEnd[] = [];
  const pool = createDecoderPool({
    processes: 1,
    program: HOSTILE,
    onEnd: (end) => ends.push(end),
    ...options,
  });
  pools.push(pool);
  const inspect = (source: string | Buffer, signal = new AbortController().signal) =>
    inspectBy(pool.inspectImage, source, { signal });
  return { pool, ends, inspect };
}

/** The ids of `count` decoders, each in the middle of an image that makes it hang. */
const untilHanging = (pool: DecoderPool, count = 1) =>
  eventually(
    () => {
      const pids = pool.pids().filter((pid) => ps('args', pid).startsWith('hanging'));
      return pids.length === count ? pids : false;
    },
    { what: 'decoders at work' },
  );

function ps(column: string, pid: number): string {
  try {
    return execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}

/** A process that was killed may wait for its parent to notice. */
const isGone = (pid: number) => /^(Z|$)/.test(ps('stat', pid));

describe('an image that ends its decoder', () => {
  it('is a finding when the decoder is killed in the middle of it; an image that waits gets its facts', async () => {
    const { pool, ends, inspect } = openPool();
    const handle = await open('assets/rocket.jpg');
    const hanging = inspect(hostileImage('hang'));
    const [pid = 0] = await untilHanging(pool);
    const waiting = pool.inspectImage(createLocalFile(handle, ROCKET.bytes));
    process.kill(pid, 'SIGKILL');
    expect(await hanging).toMatchObject({
      lost: 'decoder_crashed',
      reason: 'the decoder crashed',
      facts: { format: 'JPEG', width: 640, height: 427, integrity: { state: 'damaged' } },
    });
    expect(await waiting).toMatchObject(ROCKET);
    await handle.close();
    expect(ends).toEqual([{ loss: 'decoder_crashed', code: null, signal: 'SIGKILL', stderr: '' }]);
  });

  it.each([
    ['dies by a signal', 'die', { signal: 'SIGSEGV' }],
    ['fails in our own code', 'fail', { stderr: expect.stringContaining('a fault of ours') as string }],
    ['eats memory', 'bloat', {}],
    ['fills its heap', 'heap', {}],
    ['answers nonsense', 'babble', { signal: 'SIGKILL' }],
    ['answers without end', 'flood', { signal: 'SIGKILL' }],
  ] as const)('is decoder_crashed within seconds when the decoder %s', async (_what, hole, end) => {
    // On a busy machine a decoder may need more than its time to reach the hole. Only the hole counts here.
    const limits = { cpuMs: CONDITION_MS, wallMs: CONDITION_MS, residentBytes: DECODER_RESIDENT_BYTES };
    const { ends, inspect } = openPool({ limits });
    expect(await inspect(hostileImage(hole))).toMatchObject({
      lost: 'decoder_crashed',
      facts: { width: 640 },
    });
    expect(ends).toMatchObject([{ loss: 'decoder_crashed', ...end }]);
    expect(await inspect('assets/rocket.jpg')).toMatchObject(ROCKET);
  });

  it('is decode_timeout when the decoder works for ever, before a local try runs out', async () => {
    const { ends, inspect } = openPool();
    await inspect('assets/rocket.jpg');
    const begin = performance.now();
    expect(await inspect(hostileImage('loop'))).toMatchObject({
      lost: 'decode_timeout',
      reason: 'took too long',
      facts: { format: 'JPEG', width: 640, integrity: { state: 'damaged', reason: 'took too long' } },
    });
    // 4 s on a machine that has nothing else to do, at most DECODE_WALL_MS on any.
    expectWithin(performance.now() - begin - DECODE_WALL_MS, 5_000);
    expect(ends).toMatchObject([{ loss: 'decode_timeout', signal: 'SIGKILL' }]);
    expect(await inspect('assets/rocket.jpg')).toMatchObject(ROCKET);
  });

  it('is decode_timeout when the decoder does nothing for ever', async () => {
    // Longer than a decoder takes to start on a busy machine, because this bound applies to the start, too.
    const { inspect } = openPool({ limits: { cpuMs: 4_000, wallMs: 4_000, residentBytes: 2 ** 30 } });
    await inspect('assets/rocket.jpg');
    expect(await inspect(hostileImage('hang'))).toMatchObject({ lost: 'decode_timeout' });
    expect(await inspect('assets/rocket.jpg')).toMatchObject(ROCKET);
  });

  it('does not affect fifteen other images that come at the same time', async () => {
    const { ends, inspect } = openPool({ processes: 2 });
    const others = ['rocket.jpg', 'astronaut.png', 'not-an-image.jpg', 'retina.jpg', 'hubble_deep_field.jpg'];
    const widths = [640, 512, undefined, 1411, 1000];
    const sources = Array.from({ length: 16 }, (_, index) =>
      index === 5 ? hostileImage('die') : `assets/${others[index % 5]}`,
    );
    const results = await Promise.all(sources.map((source) => inspect(source)));
    expect(results[5]).toMatchObject({ lost: 'decoder_crashed' });
    const found = results.map((result) => ('width' in result ? result.width : undefined));
    expect(found).toEqual(sources.map((_, index) => (index === 5 ? undefined : widths[index % 5])));
    expect(ends).toHaveLength(1);
  });
});

describe('a decoder', () => {
  it('that is killed between two images affects neither of them', async () => {
    const { pool, inspect } = openPool();
    await inspect('assets/rocket.jpg');
    const [pid = 0] = pool.pids();
    process.kill(pid, 'SIGKILL');
    expect(await inspect('assets/rocket.jpg')).toMatchObject(ROCKET);
    expect(pool.pids()).not.toContain(pid);
  });

  it.each(['echo', 'late'] as const)(
    'that sends an unasked answer (%s) is not believed, and is replaced',
    async (hole) => {
      const { pool, ends, inspect } = openPool();
      await inspect(hostileImage(hole));
      await eventually(() => ends.length === 1, { what: 'its end' });
      expect(pool.pids()).toEqual([]);
      expect(await inspect('assets/rocket.jpg')).toMatchObject(ROCKET);
    },
  );

  it('goes on when a terminal or a supervisor signals every process to stop', async () => {
    const { pool, inspect } = openPool();
    await inspect('assets/rocket.jpg');
    const before = pool.pids();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.kill(before[0] ?? Number.NaN, signal);
    for (let image = 0; image < 10; image += 1)
      expect(await inspect('assets/rocket.jpg')).toMatchObject(ROCKET);
    expect(pool.pids()).toEqual(before);
  });

  it('sees no file, process or environment of its worker, and has a lower priority', async () => {
    process.env['SECRETS_KEY_OF_A_TEST'] = 'secret';
    const { inspect } = openPool();
    const result = await inspect(hostileImage('peek'));
    const integrity = result !== null && 'integrity' in result ? result.integrity : undefined;
    expect(integrity?.state).toBe('damaged');
    const seen = JSON.parse((integrity as { reason: string }).reason) as Record<string, unknown>;
    expect(seen).toMatchObject({
      files: 'ERR_ACCESS_DENIED',
      worker: 'ERR_ACCESS_DENIED',
      processes: 'ERR_ACCESS_DENIED',
      priority: Math.min(getPriority() + 2, 19),
    });
    const ofTheShell = new Set(['PWD', 'OLDPWD', 'SHLVL', '_', '__CF_USER_TEXT_ENCODING']);
    // sharp sets it.
    const environment = (seen['environment'] as string[]).filter((name) => !ofTheShell.has(name));
    expect(environment.sort()).toEqual(['UV_THREADPOOL_SIZE', 'VIPSHOME']);
  });

  it('ends with its worker, however that ends', async () => {
    const poolUrl = new URL('../../../../../src/image/decoder/pool.ts', import.meta.url).href;
    const fileUrl = new URL('../../../../../src/sources/local-file.ts', import.meta.url).href;
    const code = `
      import { open } from 'node:fs/promises';
      import { createDecoderPool } from '${poolUrl}';
      import { createLocalFile } from '${fileUrl}';
      const pool = createDecoderPool({ processes: 1, program: '${HOSTILE}', onEnd() {} });
      const handle = await open('assets/rocket.jpg');
      await pool.inspectImage(createLocalFile(handle, (await handle.stat()).size));
      process.stdout.write(String(pool.pids()[0]));
      setInterval(() => undefined, 1000);`;
    const worker = spawn(process.execPath, ['--input-type=module', '--eval', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = (await once(worker.stdout, 'data')) as [Buffer];
    const pid = Number(said.toString());
    expect(isGone(pid)).toBe(false);
    worker.kill('SIGKILL');
    await eventually(() => isGone(pid), { what: 'the end of the decoder' });
  });

  it('is gone when the pool has been closed', async () => {
    const { pool, ends, inspect } = openPool({ processes: 2 });
    await Promise.all([inspect('assets/rocket.jpg'), inspect('assets/rocket.jpg')]);
    const pids = pool.pids();
    expect(pids).toHaveLength(2);
    const hanging = [1, 2].map(() => inspect(hostileImage('hang')));
    await untilHanging(pool, 2);
    const underWay = [...hanging, inspect('assets/rocket.jpg')];
    const [results] = await Promise.all([Promise.allSettled(underWay), pool.close()]);
    for (const result of results) expect(result).toMatchObject({ reason: { code: 'decoder_unavailable' } });
    expect(pids.filter((pid) => !isGone(pid))).toEqual([]);
    expect(ends).toEqual([]);
    await expect(inspect('assets/rocket.jpg')).rejects.toMatchObject({ code: 'decoder_unavailable' });
  });

  it('is replaced after its share of images, and the worker keeps no data of any image', async () => {
    const { pool, ends, inspect } = openPool();
    await inspect('assets/rocket.jpg');
    const [first] = pool.pids();
    const kept: number[] = [];
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    for (let image = 1; image < IMAGES_PER_DECODER + 100; image += 1) {
      expect(await inspect('assets/rocket.jpg')).toMatchObject(ROCKET);
      if (image % 250 !== 0) continue;
      collect();
      const { heapUsed, external } = process.memoryUsage();
      kept.push((heapUsed + external) / 2 ** 20);
    }
    // Each image has 0.1 MiB.
    expect((kept.at(-1) ?? 0) - (kept[0] ?? 0)).toBeLessThan(10);
    expect(pool.pids()).not.toContain(first);
    expect(ends).toEqual([]);
  });

  it('lets go of the memory that large pictures took', async ({ skip }) => {
    const { pool, inspect } = openPool();
    const sizes = { width: 4_000, height: 3_000, channels: 3, background: 'gray' } as const;
    const create = { ...sizes, noise: { type: 'gaussian', mean: 128, sigma: 40 } as const };
    const [jpeg, png, webp] = await Promise.all([
      sharp({ create }).jpeg().toBuffer(),
      sharp({ create: sizes }).png().toBuffer(),
      sharp({ create }).webp({ effort: 0, quality: 20 }).toBuffer(),
    ]);
    for (const picture of [webp, png, jpeg, jpeg])
      expect(await inspect(picture)).toMatchObject({ width: 4_000 });
    const [pid = 0] = pool.pids();
    const usage = readUsage(pid);
    if (usage === null) return skip('the system does not tell what a process uses');
    expect(usage.residentBytes).toBeLessThan(160 * 2 ** 20);
  });

  it("that can't be started is trouble, never a verdict, for all images that wait for it", async () => {
    const { inspect } = openPool({ program: '/no/such/program.ts' });
    const results = await Promise.allSettled([1, 2, 3].map(() => inspect('assets/rocket.jpg')));
    for (const result of results)
      expect(result).toMatchObject({ reason: { code: 'decoder_unavailable', retryable: true } });
  });
});

describe('a file that comes in blocks', () => {
  it('is judged whole', async () => {
    const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
    const create = { width: 900, height: 900, channels: 3, background: 'gray', noise } as const;
    const bytes = await sharp({ create }).png().toBuffer();
    expect(bytes.length).toBeGreaterThan(2 * BLOCK_BYTES);
    expect(await openPool().inspect(bytes)).toMatchObject({
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      integrity: { state: 'intact' },
    });
  });

  it.each([
    ['empty', '', { cause: 'empty' }],
    ['a PPM', 'P6 1 1 255 abc', { cause: 'unsupported_format', format: 'PPM' }],
  ])('is no image if it is %s, and the decoder says so', async (_what, text, noImage) => {
    expect(await openPool().inspect(Buffer.from(text))).toEqual({ noImage });
  });

  it('is read no further than its first block if that is not of an image', async () => {
    const { pool } = openPool();
    const reads: [from: number, to: number][] = [];
    const handle = {
      read(block: Buffer, _at: number, length: number, position: number) {
        block.fill('no image');
        reads.push([position, position + length]);
        return Promise.resolve({ bytesRead: length });
      },
    };
    expect(
      await pool.inspectImage(createLocalFile(handle as unknown as FileHandle, 100 * BLOCK_BYTES)),
    ).toEqual({ noImage: { cause: 'unknown_format' } });
    // The part that was read before it got a decoder, then the rest of the block. No byte is read twice.
    expect(reads).toEqual([
      [0, FIRST_READ_BYTES],
      [FIRST_READ_BYTES, BLOCK_BYTES],
    ]);
  });

  it('is trouble when the storage fails in the middle, and the next file gets its facts', async () => {
    const { pool, inspect } = openPool();
    const jpeg = readFileSync('assets/rocket.jpg');
    const handle = {
      read(block: Buffer, at: number, length: number, position: number) {
        if (position > 0) return Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }));
        jpeg.copy(block, at);
        return Promise.resolve({ bytesRead: length });
      },
    };
    const file = createLocalFile(handle as unknown as FileHandle, 2 * BLOCK_BYTES);
    await expect(pool.inspectImage(file)).rejects.toMatchObject({ code: 'storage_unavailable' });
    expect(await inspect('assets/rocket.jpg')).toMatchObject(ROCKET);
  });

  it('is judged as usual if its worker was stopped in the middle, longer than the deadline', async () => {
    const wallMs = 4_000;
    const { pool, ends, inspect } = openPool({ limits: { cpuMs: 4_000, wallMs, residentBytes: 2 ** 30 } });
    await inspect('assets/rocket.jpg');
    const jpeg = Buffer.concat([readFileSync('assets/rocket.jpg'), Buffer.alloc(BLOCK_BYTES)]);
    // This acts like SIGSTOP. Nothing runs here while the decoder answers. Then timers run before the answer is read.
    const stop = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, wallMs + 1_000);
    const handle = {
      read(block: Buffer, at: number, length: number, position: number) {
        if (position === 0) setImmediate(stop);
        return Promise.resolve({ bytesRead: jpeg.copy(block, at, position, position + length) });
      },
    };
    const file = createLocalFile(handle as unknown as FileHandle, jpeg.length);
    expect(await pool.inspectImage(file)).toMatchObject({ width: 640, integrity: { state: 'intact' } });
    expect(ends).toEqual([]);
  });

  it('that has shrunk since it was opened is judged by the rest', async () => {
    const { pool } = openPool();
    const handle = await open('assets/rocket.jpg');
    expect(await pool.inspectImage(createLocalFile(handle, 3 * BLOCK_BYTES))).toMatchObject(ROCKET);
    await handle.close();
  });
});

describe('a try that is given up', () => {
  const reason = new Error('no longer wanted');

  it('leaves the queue, and takes no decoder from other tries', async () => {
    const { pool, ends, inspect } = openPool();
    const [working, queued] = [new AbortController(), new AbortController()];
    const first = inspect(hostileImage('hang'), working.signal);
    const [pid = 0] = await untilHanging(pool);
    const handle = await open('assets/rocket.jpg');
    const file = createLocalFile(handle, (await handle.stat()).size);
    let reads = 0;
    const counted: AssetFile = { ...file, read: (...args) => file.read(...args).finally(() => (reads += 1)) };
    const second = pool.inspectImage(counted, { signal: queued.signal });
    await eventually(() => reads > 0, { what: 'the file in the queue' });
    const third = pool.inspectImage(file);
    queued.abort(reason);
    await expect(second).rejects.toBe(reason);
    working.abort(reason);
    await expect(first).rejects.toBe(reason);
    expect(await third).toMatchObject(ROCKET);
    expect(pool.pids()).not.toContain(pid);
    expect(ends).toEqual([]);
    await handle.close();
  });

  it('is not begun if it was given up before', async () => {
    const { pool, inspect } = openPool();
    await expect(inspect('assets/rocket.jpg', AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(pool.pids()).toEqual([]);
  });
});
