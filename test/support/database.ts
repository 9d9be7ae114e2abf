import type { MikroORM } from '@mikro-orm/postgresql';
import { inject } from 'vitest';
import { execute } from '../../src/db/execute.ts';
import { migrate } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/orm.ts';
import { AppError } from '../../src/domain/errors.ts';
import { eventually } from './eventually.ts';

export interface TestDatabase {
  readonly url: string;
  readonly orm: MikroORM;
  query<Row extends object>(sql: string, params?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

let clones = 0;

/** A database of one's own, cloned from the migrated template. */
export async function cloneDatabase(): Promise<TestDatabase> {
  const templateUrl = inject('templateUrl');
  clones += 1;
  const name = `test_${process.pid}_${Date.now()}_${clones}`;
  const adminUrl = templateUrl.replace(/\/[^/]+$/, '/postgres');
  const admin = await openDatabase({ url: adminUrl, poolMax: 1 });
  await execute(admin, `CREATE DATABASE ${name} TEMPLATE template_validatr`, []);
  const url = templateUrl.replace(/\/[^/]+$/, `/${name}`);
  const orm = await openDatabase({ url, poolMax: 5 });
  return {
    url,
    orm,
    query: queryBy(orm),
    async drop() {
      await orm.close();
      await execute(admin, `DROP DATABASE ${name} WITH (FORCE)`, []);
      await admin.close();
    },
  };
}

/** The database of a server that a test has for itself, migrated. */
export async function openOwnDatabase(url: string): Promise<TestDatabase> {
  const orm = await openDatabase({ url, poolMax: 5 });
  await migrate(orm);
  return { url, orm, query: queryBy(orm), drop: () => orm.close() };
}

/** On a starved machine a connection takes longer than production allows: then the test asks again. */
function queryBy(orm: MikroORM): TestDatabase['query'] {
  const isAway = (error: unknown) => error instanceof AppError && error.code === 'database_unavailable';
  return <Row extends object>(sql: string, params: unknown[] = []) =>
    eventually(
      () =>
        execute<Row>(orm, sql, params).catch((error: unknown) => {
          if (isAway(error)) return undefined;
          throw error;
        }),
      { what: 'an answer of the database' },
    );
}
