import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { AppError } from '../domain/errors.ts';
import type { ImageFacts, ImageFormat } from '../domain/image-facts.ts';
import type { AssetFile, InspectImage } from '../domain/ports.ts';
import { configureDecoder, decode } from './decode.ts';
import type { Dimensions } from './dimensions.ts';
import { readHeaderDimensions } from './header-dimensions.ts';
import { CONCURRENT_INSPECTIONS, HASH_BLOCK_BYTES, HEAD_BYTES, MAX_BYTES_IN_MEMORY } from './limits.ts';
import { sniffFormat } from './sniff.ts';
import { describeStructure, readStructure } from './structure.ts';

/** Enough of a file to name its format. */
const SNIFF_BYTES = 512;

/** Reads and decodes files, a few at a time: what waits holds no memory. */
export function createInspectImage(): InspectImage {
  configureDecoder();
  let free = CONCURRENT_INSPECTIONS;
  const waiting: (() => void)[] = [];

  return async (file) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await inspect(file);
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

async function inspect(file: AssetFile): Promise<ImageFacts | null> {
  const { handle, bytes } = file;
  const format = sniffFormat(await read(handle, Math.min(bytes, SNIFF_BYTES)));
  if (format === null) return null;
  const isLarge = bytes > MAX_BYTES_IN_MEMORY;
  const content = await read(handle, isLarge ? HEAD_BYTES : bytes);
  const size = readHeaderDimensions(format, content);
  const judged = isLarge ? judgeLarge() : await judge(content, format, size);
  return {
    format,
    width: size?.width ?? null,
    height: size?.height ?? null,
    bytes: isLarge ? bytes : content.length,
    sha256: isLarge ? await hashWhole(handle) : createHash('sha256').update(content).digest('hex'),
    ...judged,
  };
}

type Judged = Pick<ImageFacts, 'integrity'> & Partial<ImageFacts>;

async function judge(content: Buffer, format: ImageFormat, size: Dimensions | null): Promise<Judged> {
  const structure = readStructure(format, content);
  const integrity = await decode(content, format, size, structure);
  return { integrity, ...describeStructure(structure, size, integrity) };
}

/** Of a file too large for memory only the head is known, which tells nothing of its structure. */
function judgeLarge(): Judged {
  return {
    integrity: { state: 'damaged', reason: `larger than ${MAX_BYTES_IN_MEMORY / 1024 / 1024} MiB` },
  };
}

/** Up to `length` bytes from the start; fewer if the file has shrunk since it was opened. */
async function read(handle: FileHandle, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await orTrouble(() => handle.read(buffer, filled, length - filled, filled));
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

async function hashWhole(handle: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const block = Buffer.allocUnsafe(HASH_BLOCK_BYTES);
  for (let at = 0; ; ) {
    const position = at;
    const { bytesRead } = await orTrouble(() => handle.read(block, 0, block.length, position));
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(block.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** A file that can be opened but not read: the storage has trouble, whatever the picture is. */
async function orTrouble<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new AppError('storage_unavailable', { cause: new Error(code ?? 'unknown') });
  }
}
