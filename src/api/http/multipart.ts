import type { Readable } from 'node:stream';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import type { Request, Response } from 'express';
import { AppError } from '../../domain/errors.ts';
import { readFile } from './file-body.ts';

/** Far more than a part needs. */
const MAX_PART_HEADERS = 20;
const MAX_PART_HEADER_BYTES = 16 * 1024;

export interface Part {
  /** Empty if it has none. */
  readonly name: string;
  readonly fileName: string | undefined;
  readonly body: AsyncIterable<Buffer>;
}

/**
 * Reads `multipart/form-data` part by part. `take` reads the whole part, and the next chunk waits for it. If it fails, so does
 * the request. Resolves when the body has ended and every part is taken.
 * @throws {AppError} `malformed_upload` if the body breaks off or is no such form
 */
export async function readParts(
  req: Request,
  res: Response,
  take: (part: Part) => Promise<unknown>,
): Promise<void> {
  const parser = openParser(req);
  const taken: Promise<unknown>[] = [];
  let current: Readable | null = null;
  let failure: unknown = null;
  let isFinished = false;
  let wake = (): void => undefined;

  function fail(error: unknown): void {
    failure ??= error;
    wake();
  }
  parser
    .on('file', (name: string | undefined, body, fileName) => {
      current = body;
      // Nobody may be reading it when it fails.
      body.on('error', () => undefined);
      taken.push(take({ name: name ?? '', fileName, body }).catch(fail));
    })
    .on('drain', () => wake())
    .on('finish', () => {
      isFinished = true;
      wake();
    })
    .on('error', (cause) => fail(new AppError('malformed_upload', { cause })));

  async function waitWhile(isWaiting: () => boolean): Promise<void> {
    while (failure === null && isWaiting())
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    if (failure !== null) throw failure;
  }

  try {
    // The parser hands out parts of a chunk, and they may wait.
    for await (const chunk of readFile(req, res, { keepsChunks: true }))
      if (!parser.write(chunk)) await waitWhile(() => parser.writableNeedDrain);
    parser.end();
    await waitWhile(() => !isFinished);
    await Promise.all(taken);
    await waitWhile(() => false);
  } catch (error) {
    (current as Readable | null)?.destroy(new Error('The body broke off'));
    await Promise.all(taken);
    throw failure ?? error;
  }
}

function openParser({ headers }: Request) {
  try {
    return new Busboy({
      headers: headers as BusboyHeaders,
      isPartAFile: () => true,
      limits: { headerPairs: MAX_PART_HEADERS, headerSize: MAX_PART_HEADER_BYTES },
    });
  } catch (cause) {
    throw new AppError('malformed_upload', {
      detail: 'The Content-Type multipart/form-data has no boundary.',
      cause,
    });
  }
}
