import type { MikroORM } from '@mikro-orm/postgresql';
import { CompiledQuery, sql } from 'kysely';
import { inject } from 'vitest';
import { migrate } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/orm.ts';
import { query } from '../../src/db/query.ts';
import { AppError } from '../../src/domain/errors.ts';
import { eventually } from './eventually.ts';

export interface TestDatabase {
  readonly url: string;
  readonly orm: MikroORM;
  query<Row extends object>(sql: string, params?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** Runs a text of a test; each `?` in it is the next parameter. */
export async function runText<Row extends object>(
  orm: MikroORM,
  text: string,
  params: readonly unknown[] = [],
): Promise<Row[]> {
  let number = 0;
  const numbered = text.replaceAll('?', () => {
    number += 1;
    return `$${number}`;
  });
  const { rows } = await query(orm, (db) => db.executeQuery<Row>(CompiledQuery.raw(numbered, [...params])));
  return rows;
}

let clones = 0;

/** A database of the test's own, cloned from the migrated template. */
export async function cloneDatabase(): Promise<TestDatabase> {
  const templateUrl = inject('templateUrl');
  clones += 1;
  const name = `test_${process.pid}_${Date.now()}_${clones}`;
  const adminUrl = templateUrl.replace(/\/[^/]+$/, '/postgres');
  const admin = await openDatabase({ url: adminUrl, poolMax: 1 });
  await runText(admin, `CREATE DATABASE ${name} TEMPLATE template_validatr`);
  const url = templateUrl.replace(/\/[^/]+$/, `/${name}`);
  const orm = await openDatabase({ url, poolMax: 5 });
  return {
    url,
    orm,
    query: queryBy(orm),
    async drop() {
      await orm.close();
      await runText(admin, `DROP DATABASE ${name} WITH (FORCE)`);
      await admin.close();
    },
  };
}

/** Migrates and opens the database of a server that only this test uses. */
export async function openOwnDatabase(url: string): Promise<TestDatabase> {
  const orm = await openDatabase({ url, poolMax: 5 });
  await migrate(orm);
  return { url, orm, query: queryBy(orm), drop: () => orm.close() };
}

/** On a busy machine a connection may take longer than production allows. The test then asks again. */
function queryBy(orm: MikroORM): TestDatabase['query'] {
  const isAway = (error: unknown) => error instanceof AppError && error.code === 'database_unavailable';
  return <Row extends object>(sql: string, params: unknown[] = []) =>
    eventually(
      () =>
        runText<Row>(orm, sql, params).catch((error: unknown) => {
          if (isAway(error)) return undefined;
          throw error;
        }),
      { what: 'an answer of the database' },
    );
}

/** Locks a row. Returns the function that ends the lock. */
export async function lockRow({ orm }: TestDatabase, table: string, id: string): Promise<() => void> {
  const [locked, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  void query(orm, (db) =>
    db.transaction().execute(async (transaction) => {
      await sql`SELECT 1 FROM ${sql.table(table)} WHERE id = ${id} FOR UPDATE`.execute(transaction);
      locked.resolve();
      await mayEnd.promise;
    }),
  );
  await locked.promise;
  return mayEnd.resolve;
}

/** Waits until so many statements of the database wait for a lock. */
export async function untilBlocked(database: TestDatabase, statements: number): Promise<void> {
  await eventually(
    async () => {
      const waiting = await database.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return waiting.length >= statements;
    },
    { what: `${statements} statements at a lock` },
  );
}
