import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCheckAssetReachable } from '../../../activities/check-asset-reachable.ts';
import { checkDimensions } from '../../../activities/check-dimensions.ts';
import { createCheckIsImage } from '../../../activities/check-is-image.ts';
import { checkIsJpeg } from '../../../activities/check-is-jpeg.ts';
import type { StepResult } from '../../../activities/step.ts';
import { errorsOf, reportFindings } from '../../../src/domain/findings.ts';
import { createDecoderPool, type DecoderPool } from '../../../src/image/decoder/pool.ts';
import { readUsage } from '../../../src/image/decoder/process-usage.ts';
import { noRows, openLocalSource } from '../../support/local-source.ts';
import type { OddFile } from '../../support/images/odd-files/odd-file.ts';
import { ODD_FILES } from '../../support/images/odd-files.ts';
import { expectProcessorTimeWithin, processorMs } from '../../support/machine-pace.ts';

/** The most processor time that one file may take, its checks and decoding together. Other programs do not count. */
const BOUND_MS = 1_000;

const decoders = createDecoderPool({ onEnd: () => undefined });
const cpuMs = ({ pids }: DecoderPool): number => {
  const ofDecoders = pids().map((pid) => readUsage(pid)?.cpuMs ?? 0);
  return processorMs() + ofDecoders.reduce((sum, ms) => sum + ms, 0);
};

/** The messages for the client, in the contract's words. */
function messagesOf({ format, integrity = 'intact', tooLarge }: OddFile): string[] {
  if (format === null) return ['Asset is not an image.'];
  const messages: string[] = [];
  if (integrity !== 'intact' && integrity !== 'not_checked') {
    messages.push(`Asset is not a readable image: ${integrity}.`);
  }
  if (format !== 'JPEG') messages.push(`Assets must be a JPEG, the provided image is a ${format}`);
  if (tooLarge !== undefined) {
    messages.push(
      'Image dimensions must have a width and height smaller than 1000px. ' +
        `The provided image has dimensions of ${tooLarge}px.`,
    );
  }
  return messages;
}

describe('an odd file', () => {
  let base: string;
  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'validatr-odd-'));
    // Only the mode of the file itself may keep readers out, not a folder above it.
    await chmod(base, 0o755);
    await mkdir(join(base, 'assets'));
  });
  afterAll(async () => {
    await decoders.close();
    await rm(base, { recursive: true, force: true });
  });

  /** Does all that a validation does with a file. */
  async function validate(name: string) {
    const assetPath = { location: 'local', path: `./assets/${name}` } as const;
    const source = await openLocalSource(base, join(base, 'assets'));
    const environment = new MockActivityEnvironment();
    const checkAssetReachable = createCheckAssetReachable({ source, validations: noRows });
    const reachable: StepResult = await environment.run(checkAssetReachable, { assetPath });
    if (reachable.findings.length > 0) return { errors: errorsOf(reportFindings(reachable.findings, {})) };
    const checkIsImage = createCheckIsImage({
      source,
      validations: noRows,
      inspectImage: decoders.inspectImage,
    });
    const { findings, facts }: StepResult = await environment.run(checkIsImage, {
      assetPath,
    });
    const judged = facts ? [...checkIsJpeg({ facts }).findings, ...checkDimensions({ facts }).findings] : [];
    return { errors: errorsOf(reportFindings([...findings, ...judged], {})), facts };
  }

  it.each(ODD_FILES.map((file) => [file.name, file] as const))(
    'gets its messages, notes and facts: %s',
    async (name, file) => {
      await writeFile(join(base, 'assets', name), await file.make());
      const begin = cpuMs(decoders);
      const { errors, facts } = await validate(name);
      expectProcessorTimeWithin(cpuMs(decoders) - begin, BOUND_MS);
      const messages = messagesOf(file);
      expect(errors).toEqual(messages.length === 0 ? null : { asset: messages });
      expect(facts?.notes?.map(({ code }) => code) ?? []).toEqual(file.codes ?? []);
      if (file.format === null) return;
      const { integrity = 'intact' } = file;
      expect(facts).toMatchObject({
        ...file.facts,
        format: file.format,
        integrity: ['intact', 'not_checked'].includes(integrity)
          ? { state: integrity }
          : { state: 'damaged', reason: integrity },
      });
    },
  );

  describe('that is none', () => {
    const notReachable = { errors: { onStart: ['Asset path is not reachable.'] } };
    const place = (name: string) => join(base, 'assets', name);

    it.each<[string, (path: string) => Promise<unknown>]>([
      ['nothing', () => Promise.resolve()],
      ['a directory', (path) => mkdir(path)],
      ['a FIFO', (path) => Promise.resolve(execFileSync('mkfifo', [path]))],
      ['a link to itself', (path) => symlink(path, path)],
      ['a link to nothing', (path) => symlink(`${path}-missing`, path)],
      ['a link to a device', (path) => symlink('/dev/zero', path)],
      ['a link out of the roots', (path) => symlink('/etc/passwd', path)],
    ])('is not reachable: %s', async (what, make) => {
      const name = `${what.replaceAll(' ', '-')}.jpg`;
      await make(place(name));
      const begin = cpuMs(decoders);
      expect(await validate(name)).toEqual(notReachable);
      expectProcessorTimeWithin(cpuMs(decoders) - begin, BOUND_MS);
    });

    it('is not reachable: a socket', async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(place('socket.jpg'), resolve));
      expect(await validate('socket.jpg')).toEqual(notReachable);
      await new Promise((resolve) => server.close(resolve));
    });

    it('is not reachable: a file that may not be read', async () => {
      await writeFile(place('unreadable.jpg'), 'x', { mode: 0o000 });
      // Root may read everything.
      const uid = process.geteuid?.();
      if (uid === 0) process.seteuid?.(65_534);
      try {
        expect(await validate('unreadable.jpg')).toEqual(notReachable);
      } finally {
        if (uid === 0) process.seteuid?.(0);
      }
    });
  });
});
