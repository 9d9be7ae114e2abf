import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PACKAGE = fileURLToPath(new URL('../../../../clients/typescript/', import.meta.url));

/** The errors of the package's compiler for programs that import the package, under its settings. Empty: there are none. */
export async function compilePrograms(
  programs: readonly string[],
  types: readonly string[] = [],
): Promise<string> {
  const folder = await mkdtemp(join(PACKAGE, 'node_modules', 'compiled-'));
  const settings = {
    extends: '../../tsconfig.json',
    compilerOptions: { rootDir: '../..', types },
    include: ['*.ts'],
  };
  try {
    for (const [index, program] of programs.entries()) {
      const source = program.replaceAll("'@validatr/client'", "'../../src/index.ts'");
      await writeFile(join(folder, `program-${index}.ts`), source);
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    await run(join(PACKAGE, 'node_modules', '.bin', 'tsc'), ['-p', folder, '--noEmit']);
    return '';
  } catch (error) {
    return (error as { readonly stdout: string }).stdout;
  } finally {
    await rm(folder, { recursive: true });
  }
}
