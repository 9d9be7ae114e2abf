import type { AssetPath, Location, PathAt } from '../domain/sources/asset-path.ts';
import type { AssetFile, AssetSource, Found, SourceCall, ValidationCall } from '../domain/ports/sources.ts';
import type { Unreachable } from '../domain/sources/unreachable.ts';
import type { FileSource } from './file-source.ts';

/** The source of one location. */
export interface SourceAt<At extends Location> {
  stat(path: PathAt<At>, call: SourceCall): Promise<Found | Unreachable>;
  fetch(path: PathAt<At>, call: ValidationCall): Promise<Found | Unreachable>;
  open(path: PathAt<At>, call: ValidationCall): Promise<AssetFile | Unreachable>;
}

export type Sources = { readonly [At in Location]?: SourceAt<At> };

/** All sources as one. A location that has none here is one whose profile does not exist. */
export function createSource(
  sources: Sources,
  release: AssetSource['release'] = () => Promise.resolve(),
): AssetSource {
  const at = ({ location }: AssetPath) => (sources[location] ?? nowhere) as SourceAt<Location>;
  return {
    stat: (path, call) => at(path).stat(path, call),
    fetch: (path, call) => at(path).fetch(path, call),
    open: (path, call) => at(path).open(path, call),
    release,
  };
}

const unknown = (): Promise<Unreachable> => Promise.resolve({ unreachable: 'profile_unknown' });
const nowhere: SourceAt<Location> = { stat: unknown, fetch: unknown, open: unknown };

export function localSource(files: FileSource): SourceAt<'local'> {
  return fromFiles(files, ({ path }) => path);
}

export function uploadSource(files: FileSource): SourceAt<'upload'> {
  return fromFiles(files, ({ uploadId }) => uploadId);
}

/** Files of this machine are where they are, so nothing is fetched. */
function fromFiles<At extends Location>(
  files: FileSource,
  pathOf: (assetPath: PathAt<At>) => string,
): SourceAt<At> {
  const stat: SourceAt<At>['stat'] = (path, { tenant }) => files.stat(pathOf(path), tenant);
  return { stat, fetch: stat, open: (path, { tenant }) => files.open(pathOf(path), tenant) };
}
