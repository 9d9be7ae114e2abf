import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const PACKAGE = fileURLToPath(new URL('../../../../clients/typescript/', import.meta.url));

describe('the TypeScript client', () => {
  it('has the types that docs/openapi.json gives (`npm run openapi` writes them)', async () => {
    const { scripts } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as {
      scripts: { generate: string };
    };
    const folder = await mkdtemp(join(tmpdir(), 'validatr-client-'));
    const [command = '', ...args] = scripts.generate
      .replace('src/schema.ts', join(folder, 'schema.ts'))
      .split(' ');
    await run(join(PACKAGE, 'node_modules', '.bin', command), args, { cwd: PACKAGE });
    const generated = await readFile(join(folder, 'schema.ts'), 'utf8');
    await rm(folder, { recursive: true });
    expect(generated).toContain('submitAsset');
    expect(readFileSync(join(PACKAGE, 'src', 'schema.ts'), 'utf8')).toBe(generated);
  });

  it('builds to a package that Node loads as it is', async () => {
    const folder = await mkdtemp(join(PACKAGE, 'node_modules', 'built-'));
    try {
      await run(join(PACKAGE, 'node_modules', '.bin', 'tsc'), ['-p', '.', '--outDir', folder], {
        cwd: PACKAGE,
      });
      const program = `import * as client from ${JSON.stringify(join(folder, 'index.js'))}; process.stdout.write(Object.keys(client).join());`;
      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program]);
      expect(stdout.split(',').sort()).toEqual([
        'ValidatrError',
        'WebhookVerificationError',
        'createClient',
        'verifyWebhook',
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
