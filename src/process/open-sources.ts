import type { Location } from '../domain/sources/asset-path.ts';
import type { Config } from '../config.ts';
import type { AssetSource } from '../domain/ports/sources.ts';
import { createSharedPlaces } from '../domain/turns/shared-places.ts';
import { HEAD_BYTES, MAX_BYTES_IN_MEMORY } from '../image/limits.ts';
import { boundFiles } from '../sources/bounded-files.ts';
import { createSource, localSource } from '../sources/create-source.ts';
import { createLocalSource } from '../sources/local.ts';
import type { Profiles } from '../sources/profiles.ts';
import { openProfiles } from '../sources/profiles.ts';
import type { RemoteSource } from '../sources/remote-source.ts';
import { createAzureSource } from '../sources/azure.ts';
import { createGcsSource } from '../sources/gcs.ts';
import { createS3Source } from '../sources/s3.ts';
import { createStagedSource } from '../sources/staged-source.ts';
import type { Roots } from '../sources/roots.ts';
import { createStaging } from '../sources/staging.ts';
import { createStoragePlaces } from '../sources/storage-places.ts';
import { trouble } from '../sources/faults.ts';
import { createUploadFiles, uploadSource } from '../sources/uploads/upload-source.ts';
import type { UploadsDir } from '../sources/uploads/uploads-dir.ts';
import type { Logger } from '../telemetry/logger.ts';
import { STORAGE_PLACES } from './file-threads.ts';

import { CannotRun } from './program.ts';

/** How many objects are on their way at once. One tenant has half of them at most. */
const FETCHES = 64;

/** How long a fetch waits for its turn, milliseconds. A local try has 5 s in all. */
const TURN_WAIT_MS = 4_000;

export interface OpenSources {
  readonly source: AssetSource;
  close(): Promise<void>;
}

/** Directories of this machine that assets lie in. */
interface Places {
  readonly roots: Roots;
  readonly uploads: UploadsDir;
}

/** All sources of assets. SIGHUP reads the profiles again. @throws {CannotRun} if SOURCES_FILE is not usable */
export async function openSources(
  config: Config,
  { roots, uploads }: Places,
  logger: Logger,
): Promise<OpenSources> {
  const profiles = await requireProfiles(config);
  process.on('SIGHUP', () => void reload(profiles, logger));
  const staging = await createStaging(config.stagingDir, (err) => logger.warn({ err }, 'staging: sweep'));
  const places = createSharedPlaces({
    total: FETCHES,
    waitMs: TURN_WAIT_MS,
    refusal: () => trouble('busy'),
  });
  const bounds = { maxBytes: MAX_BYTES_IN_MEMORY, headBytes: HEAD_BYTES };
  const staged = <At extends Location>(remote: RemoteSource<At>) =>
    createStagedSource(remote, staging, { places, bounds });
  const threads = createStoragePlaces({ total: STORAGE_PLACES });
  const source = createSource(
    {
      local: localSource(boundFiles(createLocalSource({ base: config.assetBase, roots }), threads)),
      upload: uploadSource(boundFiles(createUploadFiles(uploads), threads)),
      s3: staged(createS3Source(profiles)),
      gcs: staged(createGcsSource(profiles)),
      azure: staged(createAzureSource(profiles)),
    },
    staging.release,
  );
  return { source, close: staging.close };
}

async function requireProfiles({ SOURCES_FILE, variables }: Config): Promise<Profiles> {
  try {
    return await openProfiles(SOURCES_FILE, variables);
  } catch (error) {
    throw new CannotRun(error instanceof Error ? error.message : String(error));
  }
}

async function reload(profiles: Profiles, logger: Logger): Promise<void> {
  try {
    await profiles.reload();
    logger.info('the sources file was read again');
  } catch (err) {
    logger.error({ err }, 'the sources file stays as it was');
  }
}
