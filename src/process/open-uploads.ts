import { mkdir } from 'node:fs/promises';
import type { Config } from '../config.ts';
import { openUploadsDir, type UploadsDir } from '../sources/uploads/uploads-dir.ts';
import type { Logger } from '../telemetry/logger.ts';

/** The directory of uploads. Programs start without it, because assets from elsewhere need none. `writes`: for an API. */
export async function openUploads(
  { uploadsDir, ownsUploadsDir }: Config,
  logger: Logger,
  { writes }: { writes: boolean },
): Promise<UploadsDir> {
  const dir = openUploadsDir(uploadsDir, {
    // A directory of our own needs no API to have written to it first. At a first start, the worker may come before the API.
    writes: writes || ownsUploadsDir,
    onChange(trouble) {
      if (trouble === null) logger.info({ dir: uploadsDir }, 'the directory of uploads is back');
      else
        logger.error(
          { dir: uploadsDir, trouble },
          'the directory of uploads is not usable: uploads wait until it is',
        );
    },
  });
  // A directory of the operator's is never made, because it may be a share that is not mounted yet.
  if (ownsUploadsDir) await mkdir(uploadsDir, { recursive: true }).catch(() => undefined);
  await dir.requireThere().catch(() => undefined);
  return dir;
}
