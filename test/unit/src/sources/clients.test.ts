import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createClients } from '../../../../src/sources/clients.ts';
import { faultOf } from '../../../../src/sources/faults.ts';
import { openProfiles, type Profiles } from '../../../../src/sources/profiles.ts';

const PROFILE = { kind: 'gcs', credentials: { anonymous: true }, tenants: ['*'], buckets: ['*'] };
const TARGET = { tenant: 'a', profile: undefined, bucket: 'photos', name: 'a.jpg' };

describe('clients of profiles', () => {
  let dir = '';
  let profiles: Profiles;
  /** What happened to clients, which have numbers. */
  let events: string[];
  let opening: () => Promise<void>;
  let ask: ReturnType<typeof createClients<'gcs', { number: number; close(): void }>>;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-clients-'));
    await writeFile(join(dir, 'sources.json'), JSON.stringify({ profiles: { gcs: PROFILE } }));
  });
  afterAll(() => rm(dir, { recursive: true }));
  beforeEach(async () => {
    profiles = await openProfiles(join(dir, 'sources.json'), {});
    events = [];
    opening = () => Promise.resolve();
    let opened = 0;
    ask = createClients(profiles, {
      kind: 'gcs',
      async open() {
        const number = (opened += 1);
        await opening();
        events.push(`open ${number}`);
        return { number, close: () => void events.push(`close ${number}`) };
      },
      faultOf,
    });
  });

  const use = () => ask(TARGET, ({ number }) => Promise.resolve({ bytes: number }));

  it('are opened once, and closed when the profiles were read again', async () => {
    expect(await Promise.all([use(), use()])).toEqual([{ bytes: 1 }, { bytes: 1 }]);
    await profiles.reload();
    expect(await use()).toEqual({ bytes: 2 });
    expect(events).toEqual(['open 1', 'close 1', 'open 2']);
  });

  it('stay open until the last body has come', async () => {
    const bodies = [new PassThrough(), new PassThrough()];
    for (const body of bodies) await ask(TARGET, () => Promise.resolve({ bytes: null, body }));
    await profiles.reload();
    for (const body of bodies) {
      expect(events).toEqual(['open 1']);
      const closed = new Promise((resolve) => body.once('close', resolve));
      body.destroy();
      await closed;
    }
    expect(events).toEqual(['open 1', 'close 1']);
  });

  it('stay open during a request', async () => {
    const answered = Promise.withResolvers<{ bytes: null }>();
    const asking = ask(TARGET, () => answered.promise);
    await profiles.reload();
    expect(events).toEqual(['open 1']);
    answered.resolve({ bytes: null });
    await asking;
    await Promise.resolve();
    expect(events).toEqual(['open 1', 'close 1']);
  });

  it('are opened again after a failure', async () => {
    opening = () => Promise.reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' }));
    await expect(use()).rejects.toMatchObject({ code: 'storage_unavailable' });
    opening = () => Promise.resolve();
    expect(await use()).toEqual({ bytes: 2 });
  });
});
