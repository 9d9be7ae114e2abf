import type { AssetFile } from '../domain/ports/sources.ts';
import type { SharedPlaces } from '../domain/turns/shared-places.ts';
import type { FileSource } from './file-source.ts';
import { doesNotAnswer } from './storage-places.ts';

/** How long opening a file, or looking at it, may take. A regular try has 15 s. Reading has a limit of its own (`READ_WALL_MS`). */
const OPEN_WALL_MS = 10_000;

/** Bounds what a source may take of the process while its storage hangs: threads of each tenant, and time. */
export function boundFiles(source: FileSource, places: SharedPlaces): FileSource {
  return {
    stat: (path, tenant = '') => inTime(places.use(tenant, () => source.stat(path, tenant))),
    async open(path, tenant = '') {
      const opened = await inTime(
        places.use(tenant, () => source.open(path, tenant)),
        closeFile,
      );
      if (!isFile(opened)) return opened;
      return {
        bytes: opened.bytes,
        read: (...where) => places.use(tenant, () => opened.read(...where)),
        close: () => opened.close(),
      };
    },
  };
}

type Opened = Awaited<ReturnType<FileSource['open']>>;

function isFile(opened: Opened): opened is AssetFile {
  return 'read' in opened;
}

function closeFile(opened: Opened): void {
  if (isFile(opened)) opened.close().catch(() => undefined);
}

/** `onLate` gets a result that comes after the time. @throws {AppError} `storage_unavailable` if nothing comes in time */
export function inTime<Result>(
  work: Promise<Result>,
  onLate: (result: Result) => void = () => undefined,
  wallMs = OPEN_WALL_MS,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(doesNotAnswer());
      work.then(onLate, () => undefined);
    }, wallMs);
    work.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}
