import { type FileHandle, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CancelledFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCheckIsImage } from '../../../activities/check-is-image.ts';
import { createDecoderPool } from '../../../src/image/decoder/pool.ts';
import { noRows, openLocalSource } from '../../support/local-source.ts';
import { createLocalFile } from '../../../src/sources/local-file.ts';
import { hostileImage } from '../../support/images/hostile-image.ts';

describe('checkIsImage', () => {
  const decoders = createDecoderPool({
    processes: 1,
    program: fileURLToPath(new URL('../../support/images/hostile-decoder.ts', import.meta.url)),
    // The start of a decoder counts, too. On a busy machine it takes several times as long as on a quiet one.
    limits: { cpuMs: 2_000, wallMs: 60_000, residentBytes: 2 ** 30 },
    onEnd: () => undefined,
  });
  let dir = '';
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-step-'));
  });
  afterAll(async () => {
    await Promise.all([decoders.close(), rm(dir, { recursive: true })]);
  });

  async function check(image: Buffer) {
    const path = join(dir, 'image.jpg');
    await writeFile(path, image);
    const source = await openLocalSource(dir, dir);
    const step = createCheckIsImage({ source, validations: noRows, inspectImage: decoders.inspectImage });
    const environment = new MockActivityEnvironment();
    return environment.run(step, { assetPath: { location: 'local' as const, path } });
  }

  it.each([
    ['die', 'decoder_crashed', 'the decoder crashed'],
    ['loop', 'decode_timeout', 'took too long'],
  ] as const)(
    'reports one finding for an image that makes its decoder %s, and keeps the facts for later steps',
    async (hole, code, reason) => {
      expect(await check(hostileImage(hole))).toEqual({
        findings: [{ code, key: 'asset', measured: { reason } }],
        facts: expect.objectContaining({
          format: 'JPEG',
          width: 640,
          height: 427,
          integrity: { state: 'damaged', reason },
        }) as unknown,
      });
    },
    120_000,
  );

  it('ends when it is canceled, though the storage answers neither a read nor the close after it', async () => {
    const environment = new MockActivityEnvironment();
    const handle = {
      read() {
        environment.cancel();
        return new Promise(() => undefined);
      },
      close: () => new Promise(() => undefined),
    };
    const file = createLocalFile(handle as unknown as FileHandle, 100);
    const found = () => Promise.resolve(file);
    const source = { stat: found, fetch: found, open: found, release: () => Promise.resolve() };
    const step = createCheckIsImage({ source, validations: noRows, inspectImage: decoders.inspectImage });
    const assetPath = { location: 'local' as const, path: 'image.jpg' };
    await expect(environment.run(step, { assetPath })).rejects.toThrow(CancelledFailure);
  });
});
