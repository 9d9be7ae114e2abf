import type { AssetPath } from '../../src/domain/sources/asset-path.ts';
import type { AssetSource } from '../../src/domain/ports/sources.ts';
import { createSource, localSource } from '../../src/sources/create-source.ts';
import { createLocalSource } from '../../src/sources/local.ts';
import { openRoots } from '../../src/sources/roots.ts';

/** The local files below `roots`, as the programs open them. */
export async function openLocalSource(base: string, ...roots: string[]): Promise<AssetSource> {
  return createSource({ local: localSource(createLocalSource({ base, roots: await openRoots(roots) })) });
}

/** Rows for activities on local files, which read none. */
export const noRows = { readAssetPath: (): Promise<AssetPath | null> => Promise.resolve(null) };
