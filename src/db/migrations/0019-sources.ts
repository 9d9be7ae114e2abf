import { Migration } from '@mikro-orm/migrations';
import { enterFingerprint, FILE } from './0014-files-and-attempts.ts';

/** As before, but `path` shows only the host of a URL, and the locator says the rest. */
const LOCATED_FILE = `sha256(convert_to(concat_ws(E'\\n', location, coalesce(locator::text, path), file_sha256), 'UTF8'))`;

export class Sources extends Migration {
  override name = '0019-sources';

  override up(): void {
    // Where an asset is that is no local file. It may be a secret, such as a signed URL.
    this.addSql('ALTER TABLE assets ADD COLUMN locator jsonb');
    this.addSql(enterFingerprint(LOCATED_FILE));
  }

  override down(): void {
    this.addSql(enterFingerprint(FILE('file_sha256')));
    this.addSql('ALTER TABLE assets DROP COLUMN locator');
  }
}
