import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AssetPath } from '../../../../src/domain/sources/asset-path.ts';
import { createDecoderPool } from '../../../../src/image/decoder/pool.ts';
import { MAX_BYTES_IN_MEMORY } from '../../../../src/image/limits.ts';
import { startAzurite } from '../../../support/storage/azurite.ts';
import { startFakeGcs } from '../../../support/storage/fake-gcs.ts';
import { createJudge, TENANT } from '../../../support/storage/judge-asset.ts';
import { startLocalFiles } from '../../../support/storage/local-files.ts';
import { startMoto } from '../../../support/storage/moto.ts';
import type { ObjectStore, StartedStore } from '../../../support/storage/object-store.ts';
import { openTestSources } from '../../../support/storage/open-test-sources.ts';
import { startSeaweedFs } from '../../../support/storage/seaweedfs.ts';
import { startUploads } from '../../../support/storage/uploads.ts';
import { startWebFiles } from '../../../support/storage/web-files.ts';

/** Stores of each kind. What follows has no branch for any of them. */
const STORES: readonly { name: string; start: () => Promise<StartedStore> }[] = [
  { name: 'local files', start: startLocalFiles },
  { name: 'uploads', start: startUploads },
  { name: 'the web', start: startWebFiles },
  { name: 'S3 by SeaweedFS', start: startSeaweedFs },
  { name: 'S3 by Moto', start: startMoto },
  { name: 'Google storage by fake-gcs-server', start: startFakeGcs },
  { name: 'Azure storage by Azurite', start: startAzurite },
];

/** Names that are not plain in a URL, a signature or a file system. Each part has at most 255 bytes. */
const ODD_NAMES = [
  'with space.jpg',
  '100%.jpg',
  'already%20encoded.jpg',
  'a+b.jpg',
  'a#b.jpg',
  'a?b=c&d.jpg',
  'semi;colon:at@comma,dollar$.jpg',
  `quote'double"backtick\`.jpg`,
  'grün.jpg'.normalize('NFC'),
  'grün.jpg'.normalize('NFD'),
  '狐🦊.jpg',
  '...jpg',
  '/leading.jpg',
  'double//slash.jpg',
  `${'long/'.repeat(199)}a.jpg`,
  `${'a'.repeat(200)}.jpg`,
];

const ROCKET = await readFile('assets/rocket.jpg');

const BAD_CONTENTS = [
  ['as a PNG', await readFile('assets/chelsea.png'), ['format_not_allowed: PNG']],
  ['as a truncated JPEG', ROCKET.subarray(0, 60_000), ['image_unreadable: truncated']],
  ['as an empty file', Buffer.alloc(0), ['not_an_image: empty']],
  ['as text', await readFile('assets/not-an-image.jpg'), ['not_an_image: unknown_format']],
] as const;

describe.each(STORES)('assets in $name', ({ start }) => {
  const decoders = createDecoderPool({
    processes: 1,
    // The start of a decoder counts, too. On a busy machine it takes much longer than on a quiet one.
    limits: { cpuMs: 60_000, wallMs: 240_000, residentBytes: 2 ** 31 },
    onEnd: () => undefined,
  });
  let started: StartedStore;
  let store: ObjectStore;
  let sources: Awaited<ReturnType<typeof openTestSources>>;
  let judge: (path: AssetPath) => Promise<string[]>;

  beforeAll(async () => {
    started = await start();
    if ('missing' in started) return;
    store = started;
    sources = await openTestSources(store.profiles, store.dir ?? process.cwd());
    judge = createJudge(sources.source, decoders.inspectImage);
  });
  beforeEach(({ skip }) => {
    if ('missing' in started) skip(started.missing);
  });
  afterAll(async () => {
    await decoders.close();
    await sources?.close();
    await store?.close();
  });

  async function judgeContent(content: Buffer, name = 'image.jpg'): Promise<string[]> {
    await store.put(name, content);
    return judge(store.pathOf(name));
  }

  it('pass as a JPEG', async () => {
    expect(await judgeContent(ROCKET)).toEqual([]);
  });

  it.each(BAD_CONTENTS)('fail %s', async (_, content, findings) => {
    expect(await judgeContent(content)).toEqual(findings);
  });

  it('fail above the bound by their head, whatever follows', async () => {
    const large = Buffer.concat([ROCKET], MAX_BYTES_IN_MEMORY + 1);
    expect(await judgeContent(large, 'large.jpg')).toEqual(['image_unreadable: larger than 128 MiB']);
  });

  it('are not found if there is no such object', async () => {
    expect(await judge(store.pathOf('missing.jpg'))).toEqual(['asset_not_reachable: not_found']);
  });

  it('are not reachable if the storage refuses to give them', async () => {
    expect(await judge(store.forbidden)).toEqual([`asset_not_reachable: ${store.forbiddenCause}`]);
    expect(await sources.source.stat(store.forbidden, { tenant: TENANT })).toEqual({
      unreachable: store.forbiddenCause,
    });
  });

  it.each(ODD_NAMES.map((name) => [name.slice(0, 30), name] as const))('pass as %j', async (_, name) => {
    expect(await judgeContent(ROCKET, name)).toEqual([]);
    expect(await sources.source.stat(store.pathOf(name), { tenant: TENANT })).toMatchObject({
      bytes: ROCKET.length,
    });
  });

  it('keep two normal forms of a name apart', async () => {
    const [composed, decomposed] = ['é.jpg'.normalize('NFC'), 'é.jpg'.normalize('NFD')];
    await store.put(composed, ROCKET);
    expect(await judge(store.pathOf(decomposed))).toEqual(['asset_not_reachable: not_found']);
  });

  it('pass while they grow', async () => {
    await store.put('growing.jpg', ROCKET);
    for (let round = 1; round <= 5; round += 1) {
      const [found] = await Promise.all([
        judge(store.pathOf('growing.jpg')),
        store.grow('growing.jpg', Buffer.concat([ROCKET], ROCKET.length + round * 500_000)),
      ]);
      expect(found).toEqual([]);
    }
  });

  it('are read at the version that is named', async ({ skip }) => {
    if (store.putVersion === undefined) return skip('the server keeps no versions');
    const [first, second] = [
      await store.putVersion('version.jpg', ROCKET),
      await store.putVersion('version.jpg', Buffer.from('no image')),
    ];
    expect([await judge(first), await judge(second)]).toEqual([[], ['not_an_image: unknown_format']]);
    expect(await sources.source.stat(first, { tenant: 'team-a' })).toMatchObject({ bytes: ROCKET.length });
    expect(await judge(store.pathOf('version.jpg'))).toEqual(['not_an_image: unknown_format']);
    const none = { ...first, ...(first.location === 'gcs' ? { generation: '1' } : { versionId: 'none' }) };
    expect(await judge(none)).toEqual(['asset_not_reachable: not_found']);
  });

  it('leave nothing on the disk', async () => {
    await store.put('image.jpg', ROCKET);
    await judge(store.pathOf('image.jpg'));
    expect(await sources.staged()).toEqual([]);
  });
});
