import { Migration } from '@mikro-orm/migrations';

export class Replays extends Migration {
  override name = '0012-replays';

  override up(): void {
    // Null in deliveries that were never replayed, and in those that the version before has replayed.
    this.addSql('ALTER TABLE deliveries ADD replayed_at timestamptz');
  }

  override down(): void {
    this.addSql('ALTER TABLE deliveries DROP replayed_at');
  }
}
