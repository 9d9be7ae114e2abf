import type { MikroORM } from '@mikro-orm/postgresql';
import { guard } from './trouble.ts';

/** Runs one SQL statement (`?` placeholders) on the pool and returns its rows. `query` of `query.ts` takes its place. */
export async function execute<Row extends object>(
  orm: MikroORM,
  sql: string,
  params: readonly unknown[],
): Promise<Row[]> {
  return guard(async () => orm.em.getConnection().execute<Row[]>(sql, params, 'all'));
}
