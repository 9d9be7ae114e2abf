import { createHash } from 'node:crypto';
import { readFile, rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createTestClient, type TestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { makeUploadsPlace, type UploadsPlace } from '../support/uploads/uploads-place.ts';

const THREE_DAYS_MS = 3 * 86_400_000;

describe('with RETENTION_DAYS and UPLOADS_KEEP_HOURS', () => {
  let uploads: UploadsPlace;
  let stack: Stack;
  let client: TestClient;
  let temporal: Client;

  beforeAll(async () => {
    uploads = await makeUploadsPlace();
    stack = await startStack({
      UPLOADS_DIR: uploads.path,
      RETENTION_DAYS: '2',
      UPLOADS_KEEP_HOURS: '24',
    });
    client = createTestClient(stack.baseUrl);
    const connection = await Connection.connect({ address: inject('temporalAddress') });
    temporal = new Client({ connection, namespace: stack.namespace });
  });
  afterAll(async () => {
    await temporal?.connection.close();
    await stack?.stop();
    await uploads?.remove();
  });

  async function upload(): Promise<string> {
    const answer = await fetch(`${stack.baseUrl}/assets/image/`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg' },
      body: new Uint8Array(await readFile('assets/rocket.jpg')),
    });
    const { id } = (await answer.json()) as { id: string };
    await client.verdict(id);
    return id;
  }

  async function submit(): Promise<string> {
    const id = await client.submit('./assets/rocket.jpg');
    await client.verdict(id);
    return id;
  }

  const statusOf = async (id: string) => (await client.call('GET', `/assets/${id}`)).status;

  /** Makes an asset and its upload three days older. Their ids say when they were made, so they get others. */
  async function age(id: string): Promise<string> {
    const { database } = stack;
    const older = { id: uuidv7({ msecs: Date.now() - THREE_DAYS_MS }), uploadId: uuidv7({ msecs: 0 }) };
    const [asset] = await database.query<{ uploadId: string | null }>(
      `SELECT locator->>'uploadId' AS "uploadId" FROM assets WHERE id = ?`,
      [id],
    );
    await database.query(
      `UPDATE assets SET id = ?::uuid, finished_at = finished_at - interval '3 days',
        locator = CASE WHEN locator IS NULL THEN NULL ELSE locator || jsonb_build_object('uploadId', ?::text) END WHERE id = ?`,
      [older.id, older.uploadId, id],
    );
    if (asset?.uploadId) {
      const place = join(uploads.path, createHash('sha256').update('default').digest('hex'), older.uploadId);
      await rename(join(place, '..', asset.uploadId), place);
      const time = new Date(Date.now() - THREE_DAYS_MS);
      await utimes(place, time, time);
    }
    return older.id;
  }

  const uploadIdOf = async (id: string) =>
    (await client.read<{ asset: { uploadId: string } }>(`/assets/${id}/details`)).asset.uploadId;

  it('the Schedule deletes what is older, and nothing else', async () => {
    const old = [await age(await submit()), await age(await upload())];
    const fresh = [await submit(), await upload()];
    for (const id of [...old, ...fresh]) expect(await statusOf(id)).toBe(200);
    expect((await uploads.files()).length).toBe(2);

    await temporal.schedule.getHandle('validatr-retention').trigger();
    for (const id of old)
      await eventually(async () => (await statusOf(id)) === 404, { what: `the end of ${id}` });
    await eventually(() => stack.worker.output().includes('old data was deleted'), { what: 'the log line' });
    for (const id of fresh) expect(await statusOf(id)).toBe(200);
    expect(await uploads.files()).toEqual([await uploadIdOf(fresh[1] ?? '')]);
  });
});
