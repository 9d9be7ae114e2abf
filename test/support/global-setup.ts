import type { TestProject } from 'vitest/node';
import { startServers } from '../../src/dev/embedded-stack.ts';
import { execute } from '../../src/db/execute.ts';
import { migrate } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/orm.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A migrated database that tests clone and never write to. */
    templateUrl: string;
    temporalAddress: string;
    temporalCli: string;
  }
}

/** One Postgres and one Temporal for the whole run; files get databases and namespaces of their own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers = await startServers({ log: (line) => process.stderr.write(`${line}\n`) });
  const { databaseUrl, temporalAddress, temporalCli } = servers;
  const templateUrl = databaseUrl.replace(/\/[^/]+$/, '/template_validatr');
  const admin = await openDatabase({ url: databaseUrl, poolMax: 1 });
  await execute(admin, 'CREATE DATABASE template_validatr', []);
  await admin.close();
  const orm = await openDatabase({ url: templateUrl, poolMax: 2 });
  await migrate(orm);
  await orm.close();

  project.provide('templateUrl', templateUrl);
  project.provide('temporalAddress', temporalAddress);
  project.provide('temporalCli', String(temporalCli));
  return servers.stop;
}
