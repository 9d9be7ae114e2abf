import { readlink, realpath } from 'node:fs/promises';

/**
 * A path with one character for each byte. A name on disk need not be UTF-8, and `realpath` would give such a name as
 * another one, which no file has.
 */
export type BytePath = string;

export function bytesOf(text: string): BytePath {
  return Buffer.from(text).toString('latin1');
}

/** The path for a call of the system. */
export function forSystem(path: BytePath): Buffer {
  return Buffer.from(path, 'latin1');
}

/** @throws {NodeJS.ErrnoException} */
export async function resolveLinks(path: BytePath): Promise<BytePath> {
  return (await realpath(forSystem(path), { encoding: 'buffer' })).toString('latin1');
}

/** The text of a symbolic link. @throws {NodeJS.ErrnoException} `EINVAL` if it is none */
export async function readLink(path: BytePath): Promise<BytePath> {
  return (await readlink(forSystem(path), { encoding: 'buffer' })).toString('latin1');
}
