import { Migration } from '@mikro-orm/migrations';

const OF_A_KEY = ['requests_per_minute', 'mib_per_minute', 'requests_at_once'];
const OF_WEBHOOKS = ['webhook_events_per_minute', 'webhook_endpoints_max'];

const column = (name: string) => `${name} integer CHECK (${name} > 0)`;

export class Limits extends Migration {
  override name = '0015-limits';

  override up(): void {
    // Null: the limit of the tenant applies, and without one that of the settings.
    this.addSql(`ALTER TABLE api_keys ${OF_A_KEY.map((name) => `ADD ${column(name)}`).join(', ')}`);
    // A tenant without limits of its own has no row.
    this.addSql(`
      CREATE TABLE tenants (
        owner text PRIMARY KEY CHECK (owner <> ''),
        ${[...OF_A_KEY, ...OF_WEBHOOKS].map(column).join(', ')}
      )`);
    // Operators set limits by the command line. Requests get no privileges and would see no row.
    this.addSql('ALTER TABLE tenants ENABLE ROW LEVEL SECURITY');
  }

  override down(): void {
    this.addSql('DROP TABLE tenants');
    this.addSql(`ALTER TABLE api_keys ${OF_A_KEY.map((name) => `DROP ${name}`).join(', ')}`);
  }
}
