import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { migrate } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/orm.ts';
import { startEmbeddedPostgres } from '../../src/dev/embedded-postgres.ts';
import { startEmbeddedTemporal } from '../../src/dev/embedded-temporal.ts';
import { findTemporalCli } from '../../src/dev/temporal-cli.ts';
import { freePort } from '../../src/dev/free-port.ts';
import { execute } from '../../src/db/execute.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A migrated database that tests clone and never write to. */
    templateUrl: string;
    temporalAddress: string;
    temporalCli: string;
  }
}

const say = (line: string) => process.stderr.write(`${line}\n`);
const silent = () => undefined;

/** One Postgres and one Temporal for the whole run; files get databases and namespaces of their own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), 'validatr-test-'));
  const cliPath = await findTemporalCli({ log: say });
  const postgres = await startEmbeddedPostgres({
    dataDir: join(dir, 'postgres'),
    port: await freePort(),
    log: silent,
  });
  const temporal = await startEmbeddedTemporal({
    cliPath,
    dataDir: join(dir, 'temporal'),
    port: await freePort(),
    uiPort: await freePort(),
    namespace: 'default',
    log: silent,
  });

  const admin = await openDatabase({ url: postgres.url, poolMax: 1 });
  await execute(admin, 'CREATE DATABASE template_validatr', []);
  await admin.close();
  const templateUrl = postgres.url.replace(/\/[^/]+$/, '/template_validatr');
  const orm = await openDatabase({ url: templateUrl, poolMax: 2 });
  await migrate(orm);
  await orm.close();

  project.provide('templateUrl', templateUrl);
  project.provide('temporalAddress', temporal.address);
  project.provide('temporalCli', cliPath);
  return async () => {
    await Promise.all([temporal.stop(), postgres.stop()]);
    await rm(dir, { recursive: true, force: true });
  };
}
