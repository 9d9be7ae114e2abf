import { Migration } from '@mikro-orm/migrations';

export class TryReasons extends Migration {
  override name = '0016-try-reasons';

  override up(): void {
    // Null in tries that the version before records.
    this.addSql('ALTER TABLE delivery_tries ADD reason text');
  }

  override down(): void {
    this.addSql('ALTER TABLE delivery_tries DROP reason');
  }
}
