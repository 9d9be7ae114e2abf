import type { ApiKey } from '../../domain/api-key.ts';
import type { KeyDirectory } from '../../domain/ports/keys.ts';
import { UsageError } from '../../process/program.ts';

/**
 * Operators name a key by its id alone. The error does not repeat the id, because people paste the key itself by mistake.
 * @throws {UsageError} if no tenant has such a key
 */
export async function findKey(directory: KeyDirectory, id: string): Promise<ApiKey> {
  const found = await directory.find(id);
  if (found === null) throw new UsageError('There is no key with this id.', '`keys list` shows all keys.');
  return found.key;
}
