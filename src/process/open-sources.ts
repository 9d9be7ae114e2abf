import type { Location } from '../domain/sources/asset-path.ts';
import type { Config } from '../config.ts';
import type { AssetSource } from '../domain/ports/sources.ts';
import { HEAD_BYTES, MAX_BYTES_IN_MEMORY } from '../image/limits.ts';
import type { AddressGuard } from '../network/address-guard.ts';
import type { Lookup } from '../network/names/lookup.ts';
import { boundFiles } from '../sources/bounded-files.ts';
import { createSource, localSource, uploadSource } from '../sources/create-source.ts';
import { createFetchPlaces } from '../sources/fetch-places.ts';
import { createHttpSource } from '../sources/http.ts';
import { createLocalSource } from '../sources/local.ts';
import { openProfiles, type Profiles } from '../sources/profiles.ts';
import type { RemoteSource } from '../sources/remote-source.ts';
import { createAzureSource } from '../sources/azure.ts';
import { createGcsSource } from '../sources/gcs.ts';
import { createS3Source } from '../sources/s3.ts';
import { createStagedSource } from '../sources/staged-source.ts';
import type { Roots } from '../sources/roots.ts';
import { createStaging } from '../sources/staging.ts';
import { createStoragePlaces } from '../sources/storage-places.ts';
import { createUploadFiles } from '../sources/uploads/upload-source.ts';
import type { UploadsDir } from '../sources/uploads/uploads-dir.ts';
import type { Logger } from '../telemetry/logger.ts';
import { STORAGE_PLACES } from './file-threads.ts';
import { CannotRun } from './program.ts';

export interface OpenSources {
  readonly source: AssetSource;
  close(): Promise<void>;
}

interface Openings {
  /** Directories of this machine that assets lie in. */
  readonly roots: Roots;
  readonly uploads: UploadsDir;
  readonly isAllowed: AddressGuard;
  readonly lookup: Lookup;
  readonly logger: Logger;
}

/** All sources of assets. SIGHUP reads the profiles again. @throws {CannotRun} if SOURCES_FILE is not usable */
export async function openSources(
  config: Config,
  { roots, uploads, isAllowed, lookup, logger }: Openings,
): Promise<OpenSources> {
  const profiles = await requireProfiles(config);
  process.on('SIGHUP', () => void reload(profiles, logger));
  const staging = await createStaging(config.stagingDir, (err) => logger.warn({ err }, 'staging: sweep'));
  const places = createFetchPlaces();
  const bounds = { maxBytes: MAX_BYTES_IN_MEMORY, headBytes: HEAD_BYTES };
  const staged = <At extends Location>(remote: RemoteSource<At>) =>
    createStagedSource(remote, staging, { places, bounds });
  const threads = createStoragePlaces({ total: STORAGE_PLACES });
  const source = createSource(
    {
      local: localSource(boundFiles(createLocalSource({ base: config.assetBase, roots }), threads)),
      upload: uploadSource(boundFiles(createUploadFiles(uploads), threads)),
      http: staged(createHttpSource({ isAllowed, lookup, maxBytes: MAX_BYTES_IN_MEMORY })),
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
