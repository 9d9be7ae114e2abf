import { Migrator } from '@mikro-orm/migrations';
import { MikroORM } from '@mikro-orm/postgresql';
import { TypeOverrides } from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';
import { ENTITIES } from './entities.ts';
import { AssetsAndDeliveries } from './migrations/0001-assets-and-deliveries.ts';
import { Endpoints } from './migrations/0002-endpoints.ts';
import { AssetsByState } from './migrations/0003-assets-by-state.ts';
import { IdempotencyKeys } from './migrations/0004-idempotency-keys.ts';
import { Tenants } from './migrations/0005-tenants.ts';
import { WebhookLimits } from './migrations/0006-webhook-limits.ts';
import { Fingerprints } from './migrations/0007-fingerprints.ts';
import { Policies } from './migrations/0008-policies.ts';
import { WithdrawFingerprints } from './migrations/0009-withdraw-fingerprints.ts';
import { Holders } from './migrations/0010-holders.ts';
import { Turns } from './migrations/0011-turns.ts';
import { Replays } from './migrations/0012-replays.ts';
import { Lists } from './migrations/0013-lists.ts';
import { FilesAndAttempts } from './migrations/0014-files-and-attempts.ts';
import { Limits } from './migrations/0015-limits.ts';
import { TryReasons } from './migrations/0016-try-reasons.ts';
import { ClaimedRows } from './migrations/0017-claimed-rows.ts';
import { PartialListIndexes } from './migrations/0018-partial-list-indexes.ts';
import { Sources } from './migrations/0019-sources.ts';
import { ChecksInTurns } from './migrations/0020-checks-in-turns.ts';
import { FilesAndCodes } from './migrations/0021-files-and-codes.ts';
import { Uploads } from './migrations/0022-uploads.ts';
import { FOR_FRESH_PLANS, FOR_KEPT_PLANS, PreparingClient } from './prepared-statements.ts';
import { AS_TENANT } from './tenant.ts';

/** The stores get this. */
export type Database = MikroORM;

export interface DatabaseOptions {
  readonly url: string;
  /** How many connections the pool has at most. */
  readonly poolMax: number;
  /** `tenant`: the pool serves requests and sees the rows of one tenant at a time. By default it sees all rows. */
  readonly sees?: 'tenant' | 'all';
  /** `off`: for a pooler between us and Postgres that can't keep prepared statements. */
  readonly preparedStatements?: 'on' | 'off';
}

/** Opens one pool. It connects at first use and reconnects by itself. A query waits at most 5 s for a connection. */
export function openDatabase({
  url,
  poolMax,
  sees = 'all',
  preparedStatements = 'on',
}: DatabaseOptions): Promise<MikroORM> {
  const isPreparing = preparedStatements === 'on';
  return MikroORM.init({
    clientUrl: url,
    entities: ENTITIES,
    extensions: [Migrator],
    pool: { min: 0, max: poolMax, idleTimeoutMillis: 30_000 },
    driverOptions: {
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      application_name: 'validatr',
      // The driver's own types read a timestamp as a Date. MikroORM's would leave it as text.
      types: new TypeOverrides(),
      ...(isPreparing ? { Client: PreparingClient } : {}),
      // MikroORM reads only host, user, password and database from the URL.
      ...sslOf(url),
      ...optionsOf([
        ...(sees === 'tenant' ? [AS_TENANT] : []),
        ...(isPreparing ? (sees === 'tenant' ? FOR_FRESH_PLANS : FOR_KEPT_PLANS) : []),
      ]),
    },
    migrations: {
      migrationsList: [
        AssetsAndDeliveries,
        Endpoints,
        AssetsByState,
        IdempotencyKeys,
        Tenants,
        WebhookLimits,
        Fingerprints,
        Policies,
        WithdrawFingerprints,
        Holders,
        Turns,
        Replays,
        Lists,
        FilesAndAttempts,
        Limits,
        TryReasons,
        ClaimedRows,
        PartialListIndexes,
        Sources,
        ChecksInTurns,
        FilesAndCodes,
        Uploads,
      ],
      snapshot: false,
      tableName: 'migrations',
      // A migration may build its indexes while clients write, which is not possible inside a transaction of all.
      allOrNothing: false,
    },
    // Every caller forks, so no caller reads through the global identity map.
    allowGlobalContext: false,
    // MikroORM's own lines would print queries, which hold webhook URLs.
    logger: () => {},
    debug: false,
    ensureDatabase: false,
  });
}

/** Settings of the sessions. */
function optionsOf(settings: readonly string[]): { options?: string } {
  return settings.length === 0 ? {} : { options: settings.map((setting) => `-c ${setting}`).join(' ') };
}

/** The TLS settings that `sslmode` and similar parameters of the URL ask for. */
function sslOf(url: string): { ssl?: unknown } {
  const { ssl } = parseIntoClientConfig(url);
  return ssl === undefined ? {} : { ssl };
}
