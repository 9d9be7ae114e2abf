import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AssetPath, Location, PathAt } from '../../../../src/domain/sources/asset-path.ts';
import { createAzureSource } from '../../../../src/sources/azure.ts';
import { createGcsSource } from '../../../../src/sources/gcs.ts';
import { openProfiles, type Profiles } from '../../../../src/sources/profiles.ts';
import type { RemoteSource } from '../../../../src/sources/remote-source.ts';
import { createS3Source } from '../../../../src/sources/s3.ts';
import { eventually } from '../../../support/eventually.ts';
import { startAzurite } from '../../../support/storage/azurite.ts';
import { startFakeGcs } from '../../../support/storage/fake-gcs.ts';
import type { ObjectStore, StartedStore } from '../../../support/storage/object-store.ts';
import { startSeaweedFs } from '../../../support/storage/seaweedfs.ts';

/** Too long for the buffers between a server and us, so a download that is not read does not end. */
const CONTENT = Buffer.alloc(8 * 1024 * 1024, 'x');

const AT_ONCE = 16;
const WARM_UP = 200;

const MIB = 1024 * 1024;
const MEMORY_MAY_GROW_BYTES = 32 * MIB;

interface Case {
  readonly name: string;
  readonly start: () => Promise<StartedStore>;
  readonly create: (profiles: Profiles) => Pick<RemoteSource<Location>, 'get'>;
  readonly downloads: number;
}

const CASES: readonly Case[] = [
  {
    name: 'S3',
    start: startSeaweedFs,
    create: (profiles) => asAny(createS3Source(profiles)),
    downloads: 10_000,
  },
  {
    name: 'Google',
    start: startFakeGcs,
    create: (profiles) => asAny(createGcsSource(profiles)),
    downloads: 1_000,
  },
  {
    name: 'Azure',
    start: startAzurite,
    create: (profiles) => asAny(createAzureSource(profiles)),
    downloads: 1_000,
  },
];

function asAny<At extends Location>(source: RemoteSource<At>): Pick<RemoteSource<Location>, 'get'> {
  return { get: (path, call) => source.get(path as PathAt<At>, call) };
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function liveBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const openSockets = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;

describe.each(CASES)('downloads from $name', ({ start, create, downloads }) => {
  let started: StartedStore;
  let store: ObjectStore;
  let dir: string;
  let profiles: Profiles;
  let source: ReturnType<Case['create']>;
  let path: AssetPath;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-aborted-'));
    started = await start();
    if ('missing' in started) return;
    store = started;
    await writeFile(join(dir, 'sources.json'), JSON.stringify({ profiles: store.profiles }));
    profiles = await openProfiles(join(dir, 'sources.json'), {});
    source = create(profiles);
    await store.put('large.bin', CONTENT);
    await store.put('small.bin', CONTENT.subarray(0, 1024));
    path = store.pathOf('large.bin');
  });
  beforeEach(({ skip }) => {
    if ('missing' in started) skip(started.missing);
  });
  afterAll(async () => {
    await store?.close();
    await rm(dir, { recursive: true });
  });

  /** Half of the downloads are read, a quarter is destroyed midway, and a quarter is aborted midway. */
  async function download(number: number): Promise<void> {
    const aborting = new AbortController();
    const isRead = number % 2 === 0;
    const call = { tenant: 'a', signal: aborting.signal };
    const object = await source.get(isRead ? store.pathOf('small.bin') : path, call);
    if ('unreachable' in object) throw new Error(object.unreachable);
    const { body } = object;
    if (isRead) {
      await finished(body.resume());
      return;
    }
    const ended = finished(body).catch((error: unknown) => error);
    await new Promise((resolve) => body.once('data', resolve));
    if (number % 4 === 1) body.destroy();
    else aborting.abort();
    expect(await ended).toBeInstanceOf(Error);
  }

  async function downloadAll(count: number): Promise<void> {
    let number = 0;
    const line = async () => {
      while (number < count) await download((number += 1));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, line));
  }

  it(`free their sockets and memory, ${downloads} of them, half of them ended midway`, async () => {
    await downloadAll(WARM_UP);
    const before = liveBytes();
    await downloadAll(downloads);
    // A body that was given up is freed a moment later. What leaks never is.
    await eventually(() => liveBytes() - before < MEMORY_MAY_GROW_BYTES, { what: 'the end of the growth' });
    await eventually(() => openSockets() <= AT_ONCE + 1, { what: 'few open sockets' });
  });
});
