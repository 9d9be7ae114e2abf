import { Migration } from '@mikro-orm/migrations';

export class IdempotencyKeys extends Migration {
  override name = '0004-idempotency-keys';

  override up(): void {
    this.addSql(`
      CREATE TABLE idempotency_keys (
        owner text NOT NULL,
        route text NOT NULL,
        key text NOT NULL,
        request_hash bytea NOT NULL,
        asset_id uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (owner, route, key)
      )`);
    this.addSql('CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at)');
  }

  override down(): void {
    this.addSql('DROP TABLE idempotency_keys');
  }
}
