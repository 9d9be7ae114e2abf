import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/*
 * Two versions of our programs that run side by side, made of today's code. To the newer one, a checksum is something new:
 * workers need a higher number for it (`src/domain/needs.ts`). The older one does not know checksums, and would ignore them.
 */
export type Version = 'newer' | 'older';

interface Change {
  readonly file: string;
  readonly from: RegExp;
  readonly to: string;
}

const CHANGES: Readonly<Record<Version, readonly Change[]>> = {
  newer: [
    { file: 'src/domain/needs.ts', from: /(?<=KNOWS: number = )\d+/, to: '1000' },
    { file: 'src/domain/needs.ts', from: /(?<=sha256: )\d+/, to: '1000' },
  ],
  older: [{ file: 'src/temporal/start-validation.ts', from: /sha256 !== null/, to: 'false' }],
};

/** The same in the bundle of the workflows. */
const BUNDLE_CHANGES: Readonly<Record<Version, Omit<Change, 'file'>>> = {
  newer: { from: /(?<=\bKNOWS = )\d+(?=;)/g, to: '1000' },
  older: { from: /\bsha256 !== undefined/g, to: 'false' },
};

/** Node's flag and the variable that make a program one of this version. */
export const VERSION_FLAG = `--import=${import.meta.url}`;
export const environmentOf = (version: Version) => ({ TEST_VERSION: version });

/** @throws if the code has nothing to change, because then this would be no other version */
export function bundleOf(version: Version, code: string): string {
  return change(code, BUNDLE_CHANGES[version], 'the workflow bundle');
}

function change(text: string, { from, to }: Omit<Change, 'file'>, where: string): string {
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`Nothing like ${from} in ${where}`);
  return changed;
}

/** As a preload: changes modules when they are loaded. */
const version = process.env['TEST_VERSION'] as Version | undefined;
if (version !== undefined) {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const changes = CHANGES[version].filter(({ file }) => url === pathToFileURL(root + file).href);
      if (changes.length === 0 || loaded.source === undefined || loaded.source === null) return loaded;
      const source =
        typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
      return { ...loaded, source: changes.reduce((text, one) => change(text, one, one.file), source) };
    },
  });
}
