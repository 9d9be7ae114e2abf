import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { TestProject } from 'vitest/node';
import { startServers } from '../../src/dev/embedded-stack.ts';
import { migrate } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/orm.ts';
import { bundleApart } from '../../src/process/workflow-bundle.ts';
import { query } from '../../src/db/query.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A migrated database that tests clone and never write to. */
    templateUrl: string;
    temporalAddress: string;
    temporalCli: string;
    /** File with the workflows as production bundles them. A worker would spend seconds of processor time on its own bundle. */
    workflowBundle: string;
  }
}

/** One Postgres and one Temporal for the whole run; files get databases and namespaces of their own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [servers, { code }] = await Promise.all([
    startServers({ log: (line) => process.stderr.write(`${line}\n`) }),
    bundleApart(),
  ]);
  const dir = await mkdtemp(join(tmpdir(), 'validatr-bundle-'));
  const workflowBundle = join(dir, 'workflow-bundle.js');
  await writeFile(workflowBundle, code);
  const { databaseUrl, temporalAddress, temporalCli } = servers;
  const templateUrl = databaseUrl.replace(/\/[^/]+$/, '/template_validatr');
  const admin = await openDatabase({ url: databaseUrl, poolMax: 1 });
  await query(admin, (db) => sql`CREATE DATABASE template_validatr`.execute(db));
  await admin.close();
  const orm = await openDatabase({ url: templateUrl, poolMax: 2 });
  await migrate(orm);
  await orm.close();

  project.provide('templateUrl', templateUrl);
  project.provide('temporalAddress', temporalAddress);
  project.provide('temporalCli', String(temporalCli));
  project.provide('workflowBundle', workflowBundle);
  return async () => {
    await servers.stop();
    await rm(dir, { recursive: true, force: true });
  };
}
