import { type ApiKey, KEY_ID_LENGTH } from '../../domain/api-key.ts';
import type { KeyDirectory } from '../../domain/ports/keys.ts';
import { UsageError } from '../../process/program.ts';

/**
 * Operators name a key by its id alone. The error does not repeat a text longer than an id, because people paste the key
 * itself by mistake.
 * @throws {UsageError} if no tenant has such a key
 */
export async function findKey(directory: KeyDirectory, id: string): Promise<ApiKey> {
  const found = await directory.find(id);
  if (found !== null) return found.key;
  const what = id.length > KEY_ID_LENGTH ? 'this id' : `the id "${id}"`;
  throw new UsageError(`There is no key with ${what}.`, '`keys list` shows all keys.');
}
