import { Migration } from '@mikro-orm/migrations';

export class WebhookLimits extends Migration {
  override name = '0006-webhook-limits';

  override up(): void {
    this.addSql('ALTER TABLE endpoints ADD verified_at timestamptz');
    // A tenant's endpoints are counted before another one is made.
    this.addSql('CREATE INDEX endpoints_by_owner ON endpoints (owner)');
    // By tenant first, because the dispatcher takes some due deliveries of each tenant, however many wait for one of them.
    this.addSql('DROP INDEX deliveries_unattended');
    this.addSql(`
      CREATE INDEX deliveries_unattended ON deliveries (owner, due_at)
      WHERE state = 'pending' AND handed_over_at IS NULL`);
  }

  override down(): void {
    this.addSql('DROP INDEX deliveries_unattended');
    this.addSql(`
      CREATE INDEX deliveries_unattended ON deliveries (due_at) WHERE state = 'pending' AND handed_over_at IS NULL`);
    this.addSql('DROP INDEX endpoints_by_owner');
    this.addSql('ALTER TABLE endpoints DROP verified_at');
  }
}
