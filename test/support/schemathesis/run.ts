import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { installPython } from '../../../src/dev/python-environment.ts';

const run = promisify(execFile);

const HERE = fileURLToPath(new URL('.', import.meta.url));

export type Installed = { readonly program: string } | { readonly missing: string };

export async function installSchemathesis(): Promise<Installed> {
  const installed = await installPython(['schemathesis==4.32.5']);
  return 'missing' in installed ? installed : { program: join(installed.bin, 'schemathesis') };
}

/** Tries out the API at `baseUrl` by its own document. Code 0: no check failed. Otherwise `output` lists the failures. */
export async function runSchemathesis(
  program: string,
  {
    baseUrl,
    maxExamples,
    apiKey,
  }: {
    baseUrl: string;
    /** Cases for each operation and phase. */
    maxExamples: number;
    /** Sent with every request except those that test a missing key. Null: no request has a key. */
    apiKey: string | null;
  },
): Promise<{ code: number; output: string }> {
  const env = { ...process.env, SCHEMATHESIS_HOOKS: join(HERE, 'hooks.py'), API_KEY: apiKey ?? '' };
  // The program leaves files in its working directory.
  const cwd = await mkdtemp(join(tmpdir(), 'validatr-schemathesis-'));
  try {
    const config = join(cwd, 'schemathesis.toml');
    await writeFile(config, (await readFile(join(HERE, 'schemathesis.toml'), 'utf8')) + authOf(apiKey));
    const { stdout, stderr } = await run(
      program,
      [
        '--config-file',
        config,
        '--no-color',
        'run',
        `${baseUrl}/openapi.json`,
        '--mode=all',
        '--phases=examples,coverage,fuzzing,stateful',
        `--max-examples=${maxExamples}`,
        '--warnings=off',
        // A caller without a key is always told that first, whatever the method.
        ...(apiKey === null ? ['--exclude-checks=unsupported_method'] : []),
      ],
      { cwd, env, maxBuffer: 2 ** 27 },
    );
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== 'number') throw error;
    return { code, output: stdout + stderr };
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

function authOf(apiKey: string | null): string {
  return apiKey === null ? '' : '\n[auth.openapi.apiKey]\nbearer = "${API_KEY}"\n';
}
