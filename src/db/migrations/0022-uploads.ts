import { Migration } from '@mikro-orm/migrations';

/** Outside a transaction, as migration 0013. Each statement may be repeated. */
export class Uploads extends Migration {
  override name = '0022-uploads';

  override isTransactional(): boolean {
    return false;
  }

  override up(): void {
    // Whether the bytes of an upload are still needed.
    this.addSql('DROP INDEX CONCURRENTLY IF EXISTS assets_by_upload');
    this.addSql(
      `CREATE INDEX CONCURRENTLY assets_by_upload ON assets ((locator->>'uploadId')) WHERE location = 'upload'`,
    );
  }

  override down(): void {
    this.addSql('DROP INDEX assets_by_upload');
  }
}
