import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../../src/config.ts';
import type { AssetSource } from '../../../src/domain/ports/sources.ts';
import { createAddressGuard } from '../../../src/network/address-guard.ts';
import { createLookup } from '../../../src/network/names/lookup.ts';
import { openSources } from '../../../src/process/open-sources.ts';
import { openUploads } from '../../../src/process/open-uploads.ts';
import { openRoots } from '../../../src/sources/roots.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';

interface TestSources {
  readonly source: AssetSource;
  /** What lies in the staging directory. */
  staged(): Promise<string[]>;
  close(): Promise<void>;
}

/** The sources as the programs open them, with a sources file of these profiles. `root`: where local files and uploads are. */
export async function openTestSources(profiles: object, root: string): Promise<TestSources> {
  const dir = await mkdtemp(join(tmpdir(), 'validatr-sources-'));
  const SOURCES_FILE = join(dir, 'sources.json');
  const STAGING_DIR = join(dir, 'staging');
  await writeFile(SOURCES_FILE, JSON.stringify({ profiles }));
  const config = readConfig({ SOURCES_FILE, STAGING_DIR, ASSET_ROOTS: root, UPLOADS_DIR: root });
  const logger = createLogger('silent', 'worker');
  const uploads = await openUploads(config, logger, { writes: false });
  const sources = await openSources(config, {
    roots: await openRoots([root]),
    uploads,
    isAllowed: createAddressGuard(['127.0.0.0/8']),
    lookup: createLookup({ servers: [] }),
    logger,
  });
  return {
    source: sources.source,
    async staged() {
      const found = await readdir(STAGING_DIR, { recursive: true, withFileTypes: true });
      return found.filter((entry) => entry.isFile() && entry.name !== 'mark').map(({ name }) => name);
    },
    async close() {
      await sources.close();
      await rm(dir, { recursive: true });
    },
  };
}
