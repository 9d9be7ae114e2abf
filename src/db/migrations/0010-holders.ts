import { Migration } from '@mikro-orm/migrations';

export class Holders extends Migration {
  override name = '0010-holders';

  override up(): void {
    // The id of the workflow that answers for the row. It counts while `dispatched_at` is set. It is null in older rows, and in
    // rows that a worker of the version before still writes. Both are read as `asset-<id>` (src/db/assets/holder.ts). Filling
    // them in would rewrite the table and change nothing.
    this.addSql(`ALTER TABLE assets ADD held_by text CHECK (held_by <> '')`);
  }

  override down(): void {
    this.addSql('ALTER TABLE assets DROP held_by');
  }
}
