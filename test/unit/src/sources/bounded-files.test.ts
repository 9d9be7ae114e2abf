import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AssetFile } from '../../../../src/domain/ports/sources.ts';
import type { FileSource } from '../../../../src/sources/file-source.ts';
import { boundFiles } from '../../../../src/sources/bounded-files.ts';
import { createStoragePlaces } from '../../../../src/sources/storage-places.ts';

const TROUBLE = { code: 'storage_unavailable' };
const PLACES = 8;

describe('a source whose storage hangs', () => {
  /** Operations that hang, and the functions that end them. */
  let hanging: ((file: AssetFile) => void)[];
  let source: FileSource;
  let isClosed: boolean;

  const file: AssetFile = {
    bytes: 1,
    read: () => hang().then(() => Buffer.alloc(0)),
    close: () => Promise.resolve(void (isClosed = true)),
  };

  function hang(): Promise<AssetFile> {
    return new Promise((resolve) => hanging.push(resolve));
  }

  beforeEach(() => {
    vi.useFakeTimers();
    hanging = [];
    isClosed = false;
    const answer = (path: string) => (path === 'hangs' ? hang() : Promise.resolve(file));
    const places = createStoragePlaces({ total: PLACES });
    source = boundFiles({ stat: answer, open: answer }, places);
  });
  afterEach(() => void vi.useRealTimers());

  /** Begins operations of a tenant that hang. Their failures are looked at elsewhere. */
  function flood(tenant: string, count: number): void {
    for (let number = 0; number < count; number += 1) source.stat('hangs', tenant).catch(() => undefined);
  }

  it('leaves threads to other tenants', async () => {
    flood('a', 100);
    await vi.advanceTimersByTimeAsync(0);
    expect(hanging).toHaveLength(PLACES / 2);
    expect(await source.stat('answers', 'b')).toMatchObject({ bytes: 1 });
    const other = await source.open('answers', 'b');
    if ('read' in other) other.read(0, 1).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(0);
    expect(hanging).toHaveLength(PLACES / 2 + 1);
  });

  it('fails an operation in time, and the next ones of its tenant at once', async () => {
    const first = source.stat('hangs', 'a').catch((error: unknown) => error);
    flood('a', PLACES);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await first).toMatchObject(TROUBLE);
    await expect(source.stat('answers', 'a')).rejects.toMatchObject(TROUBLE);
    await expect(source.open('answers', 'a')).rejects.toMatchObject(TROUBLE);
    expect(await source.stat('answers', 'b')).toMatchObject({ bytes: 1 });
    for (const end of hanging) end(file);
    await vi.advanceTimersByTimeAsync(0);
    expect(await source.stat('answers', 'a')).toMatchObject({ bytes: 1 });
  });

  it('serves those that wait, tenants in turns, as soon as the storage answers', async () => {
    const waits = ['a', 'a', 'b', 'a', 'a', 'a', 'b', 'b'].map((tenant) => source.stat('hangs', tenant));
    for (let rounds = 0; rounds < waits.length; rounds += 1) {
      await vi.advanceTimersByTimeAsync(0);
      for (const end of hanging.splice(0)) end(file);
    }
    expect(await Promise.all(waits)).toHaveLength(waits.length);
  });

  it('closes a file that it got too late', async () => {
    const opening = source.open('hangs', 'a').catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await opening).toMatchObject(TROUBLE);
    for (const end of hanging) end(file);
    await vi.advanceTimersByTimeAsync(0);
    expect(isClosed).toBe(true);
  });
});
