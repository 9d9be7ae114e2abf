import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageFormat } from '../../src/domain/image-facts.ts';
import { sniffFormat } from '../../src/image/sniff.ts';
import { type OtherVerdict, startOtherDecoder } from './other-decoder.ts';
import { type OurVerdict, startOurDecoder } from './our-decoder.ts';

/** Validatr has no decoder for these, so there is nothing to compare. */
const WITHOUT_DECODER: ReadonlySet<ImageFormat> = new Set<ImageFormat>(['HEIF', 'PSD']);

const HEAD_BYTES = 512;

export interface Examined {
  readonly path: string;
  /** Null: the first bytes are not of an image. */
  readonly format: ImageFormat | null;
  readonly ours: OurVerdict;
  /** Null if Validatr has no decoder for the format. */
  readonly others: { readonly first: OtherVerdict; readonly second: OtherVerdict } | null;
}

/** Gives every file of a folder to Validatr and two other decoders (`decode.py`). The order is that of the names. */
export async function* examine(folder: string, python: string): AsyncGenerator<Examined> {
  const decoder = startOurDecoder();
  const first = startOtherDecoder(python, 'first');
  const second = startOtherDecoder(python, 'second');
  try {
    for (const path of await listFiles(folder)) {
      const format = await readFormat(path);
      const isCompared = format !== null && !WITHOUT_DECODER.has(format);
      const [ours, others] = await Promise.all([
        decoder.judge(path),
        isCompared ? Promise.all([first.judge(path, format), second.judge(path, format)]) : null,
      ]);
      yield { path, format, ours, others: others && { first: others[0], second: others[1] } };
    }
  } finally {
    first.close();
    second.close();
    await decoder.close();
  }
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted();
}

async function readFormat(path: string): Promise<ImageFormat | null> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return sniffFormat(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}
