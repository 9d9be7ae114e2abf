import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/domain/errors.ts';
import { createStaging, type Staging } from '../../../../src/sources/staging.ts';
import { eventually } from '../../../support/eventually.ts';

describe('the staging directory', () => {
  let dir: string;
  let staging: Staging;
  const errors: unknown[] = [];
  const files = async () =>
    (await readdir(dir, { recursive: true })).filter((name) => /\/(?!mark$)/.test(name));
  const body = (...parts: string[]) => Readable.from(parts.map((part) => Buffer.from(part)));

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-staging-'));
    staging = await createStaging(dir, (error) => errors.push(error));
  });
  afterEach(async () => {
    await staging.close();
    await rm(dir, { recursive: true, force: true });
    expect(errors).toEqual([]);
  });

  it('keeps the bytes until they are opened, and then nothing on the disk', async () => {
    expect(await staging.keep('run', body('ab', 'cd'), { bytes: 4, most: 4 })).toBe(4);
    expect(await files()).toHaveLength(1);
    const file = await staging.take('run');
    expect(await files()).toEqual([]);
    expect(file?.bytes).toBe(4);
    expect((await file?.read(1, 10))?.toString()).toBe('bcd');
    await file?.close();
    expect(await staging.take('run')).toBeNull();
  });

  it('reads only the head of what is too long, ends the transfer, and tells the whole length', async () => {
    const endless = new PassThrough();
    endless.write('head and more');
    expect(await staging.keep('run', endless, { bytes: 1_000, most: 4 })).toBe(4);
    expect(endless.destroyed).toBe(true);
    const file = await staging.take('run');
    expect(file?.bytes).toBe(1_000);
    expect((await file?.read(0, 100))?.toString()).toBe('head');
    await file?.close();
  });

  it.each([
    ['comes short', () => body('abc'), 'cut_short'],
    ['breaks off', () => broken('ECONNRESET'), 'connection_reset'],
    ['is aborted', () => broken('ABORT_ERR'), 'timeout'],
    ['fails in a way that nobody knows', () => broken('ESECRET https://host/token'), 'connection'],
  ])('leaves nothing of a transfer that %s, and says why in one word', async (_how, make, reason) => {
    const failure = await staging
      .keep('run', make(), { bytes: 10, most: 10 })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AppError);
    expect((failure as AppError).code).toBe('storage_unavailable');
    expect(((failure as AppError).cause as Error).message).toBe(reason);
    expect(await files()).toEqual([]);
    expect(await staging.take('run')).toBeNull();
  });

  it('leaves nothing of many transfers that break off at once', async () => {
    const transfers = Array.from({ length: 300 }, (_, index) =>
      staging.keep(`run-${index}`, broken('ECONNRESET'), { bytes: 10, most: 10 }),
    );
    const outcomes = await Promise.allSettled(transfers);
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    await eventually(async () => (await readdir(dir, { recursive: true })).length === 2, {
      what: 'an empty directory',
    });
  });

  it('says that a body is not valid, which is a verdict, and leaves nothing of it', async () => {
    const made = await staging.keep('run', broken('invalid_response'), { bytes: 10, most: 10 });
    expect(made).toEqual({ unreachable: 'invalid_answer' });
    expect(await files()).toEqual([]);
  });

  it('keeps two transfers of one name apart, and the later one in the end', async () => {
    const slow = new PassThrough();
    slow.write('11');
    const givenUp = staging.keep('run', slow, { bytes: 4, most: 4 });
    await eventually(async () => (await files()).length === 1, { what: 'the first transfer' });
    expect(await staging.keep('run', body('2222'), { bytes: 4, most: 4 })).toBe(4);
    slow.destroy(Object.assign(new Error(), { code: 'ABORT_ERR' }));
    await expect(givenUp).rejects.toMatchObject({ code: 'storage_unavailable' });
    const file = await staging.take('run');
    expect((await file?.read(0, 10))?.toString()).toBe('2222');
    await file?.close();
    await staging.keep('run', body('3333'), { bytes: 4, most: 4 });
    await staging.keep('run', body('4444'), { bytes: 4, most: 4 });
    expect(await files()).toHaveLength(1);
  });

  it('deletes what its validation no longer needs', async () => {
    await staging.keep('run', body('ab'), { bytes: 2, most: 2 });
    await staging.release('another');
    expect(await files()).toHaveLength(1);
    await staging.release('run');
    expect(await files()).toEqual([]);
  });

  it('deletes what a dead process left, and nothing of a living one', async () => {
    const living = await createStaging(dir, (error) => errors.push(error));
    await living.keep('run', body('ab'), { bytes: 2, most: 2 });
    // Not ours, as somebody's file in /tmp.
    await mkdir(join(dir, 'lost+found'));
    await writeFile(join(dir, 'precious.txt'), 'x');
    const dead = join(dir, randomUUID());
    await mkdir(dead);
    await writeFile(join(dead, 'left-over'), 'x');
    await writeFile(join(dead, 'mark'), 'x');
    const longAgo = new Date(Date.now() - 60_000);
    for (const path of [join(dead, 'mark'), join(dir, 'lost+found'), join(dir, 'precious.txt')])
      await utimes(path, longAgo, longAgo);
    await eventually(async () => !(await readdir(dir)).includes(dead.slice(dir.length + 1)), {
      what: 'the end of the dead directory',
    });
    expect(
      (await readdir(dir)).filter((name) => name === 'lost+found' || name === 'precious.txt'),
    ).toHaveLength(2);
    expect((await files()).filter((name) => name !== 'precious.txt')).toHaveLength(1);
    await living.close();
  });
});

function broken(code: string): Readable {
  async function* bytes() {
    yield Buffer.from('a');
    await Promise.resolve();
    throw Object.assign(new Error(code), { code });
  }
  return Readable.from(bytes());
}
