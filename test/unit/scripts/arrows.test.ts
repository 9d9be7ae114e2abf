import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../..');

/** A rule, the file that breaks it, and what that file imports. */
const ARROWS: readonly (readonly [rule: string, from: string, to: string])[] = [
  ['no-cycles', 'src/dev/circle-too.ts', 'src/dev/circle.ts'],
  ['nothing-imports-bin', 'src/process/p1.ts', 'src/bin/api.ts'],
  ['nothing-imports-bin', 'test/unit/t1.ts', 'src/bin/api.ts'],
  ['bin-holds-entries', 'src/bin/b1.ts', 'src/db/any.ts'],
  ['only-bin-imports-cli-and-process', 'src/api/a1.ts', 'src/cli/any.ts'],
  ['only-bin-imports-cli-and-process', 'activities/x1.ts', 'src/process/any.ts'],
  ['product-never-imports-tests', 'src/process/p2.ts', 'test/any.ts'],
  ['product-never-imports-clients', 'src/process/p3.ts', 'clients/typescript/src/any.ts'],
  ['clients-stand-alone', 'clients/typescript/src/c1.ts', 'src/domain/any.ts'],
  ['domain-is-pure', 'src/domain/d1.ts', 'src/db/any.ts'],
  ['domain-takes-zod-at-most', 'src/domain/d2.ts', 'uuid'],
  ['domain-does-no-io', 'src/domain/d3.ts', 'node:fs'],
  ['db-keeps-to-domain', 'src/db/q1.ts', 'src/webhooks/any.ts'],
  ['network-keeps-to-domain', 'src/network/n1.ts', 'src/webhooks/any.ts'],
  ['sources-keep-to-domain', 'src/sources/s1.ts', 'src/image/any.ts'],
  ['datasets-keep-to-domain', 'src/datasets/s1.ts', 'src/db/any.ts'],
  ['image-keeps-to-domain', 'src/image/i1.ts', 'src/sources/any.ts'],
  ['webhooks-keep-to-domain', 'src/webhooks/w1.ts', 'src/db/any.ts'],
  ['temporal-keeps-to-domain', 'src/temporal/t1.ts', 'src/db/any.ts'],
  ['api-keeps-to-domain', 'src/api/a2.ts', 'src/db/any.ts'],
  ['activities-keep-to-domain', 'activities/x2.ts', 'src/db/any.ts'],
  ['telemetry-stands-alone', 'src/telemetry/l1.ts', 'src/domain/any.ts'],
  ['dev-stands-alone', 'src/dev/v1.ts', 'src/domain/any.ts'],
  ['config-keeps-to-domain', 'src/config.ts', 'src/db/any.ts'],
  ['workflows-keep-to-domain', 'workflows/f1.ts', 'src/temporal/any.ts'],
  ['workflows-take-types-of-activities', 'workflows/f2.ts', 'activities/any.ts'],
  ['workflows-take-temporal-only', 'workflows/f3.ts', 'uuid'],
  ['workflows-are-known-by-contract', 'src/process/p4.ts', 'workflows/any.ts'],
  ['workflows-load-pure-code', 'src/domain/d4.ts', 'zod'],
  ['workflows-load-pure-code', 'src/domain/d4.ts', 'node:crypto'],
  ['commander-has-one-owner', 'src/process/o1.ts', 'commander'],
  ['express-has-one-owner', 'src/process/o2.ts', 'express'],
  ['sharp-has-one-owner', 'src/process/o3.ts', 'sharp'],
  ['undici-has-one-owner', 'src/process/o4.ts', 'undici'],
  ['mikro-orm-has-one-owner', 'src/process/o5.ts', '@mikro-orm/core'],
  ['kysely-has-one-owner', 'src/process/o6.ts', 'kysely'],
  ['pg-has-one-owner', 'src/process/o7.ts', 'pg'],
  ['aws-sdk-has-one-owner', 'src/process/o8.ts', '@aws-sdk/client-s3'],
  ['google-cloud-has-one-owner', 'src/process/o9.ts', '@google-cloud/storage'],
  ['azure-has-one-owner', 'src/process/o10.ts', '@azure/storage-blob'],
  ['temporalio-client-has-one-owner', 'src/process/o11.ts', '@temporalio/client'],
  ['temporalio-worker-has-one-owner', 'src/cli/o12.ts', '@temporalio/worker'],
  ['pino-has-one-owner', 'src/process/o13.ts', 'pino'],
  ['prom-client-has-one-owner', 'src/process/o14.ts', 'prom-client'],
  ['opentelemetry-has-one-owner', 'src/process/o15.ts', '@opentelemetry/api'],
];

/** Imports that are allowed. */
const ALLOWED: readonly (readonly [from: string, to: string])[] = [
  ['src/bin/api.ts', 'src/process/any.ts'],
  ['src/cli/fine.ts', 'src/db/any.ts'],
  ['src/cli/fine-too.ts', 'commander'],
  ['src/process/fine.ts', 'src/api/any.ts'],
  ['src/db/fine.ts', 'src/domain/any.ts'],
  ['src/sources/fine.ts', 'src/network/any.ts'],
  ['src/webhooks/fine.ts', 'src/network/any.ts'],
  ['src/domain/fine.ts', 'zod'],
  ['workflows/fine.ts', 'src/domain/any.ts'],
  ['src/temporal/fine.ts', 'workflows/contract.ts'],
  // These two together make the cycle. Workflows load the impure file only through this one.
  ['src/dev/circle.ts', 'src/dev/circle-too.ts'],
  ['workflows/loads.ts', 'src/domain/d4.ts'],
];

describe('npm run check:arrows', () => {
  let dir: string;
  let lines: readonly string[];

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'validatr-arrows-'));
    cpSync(join(ROOT, 'tsconfig.json'), join(dir, 'tsconfig.json'));
    for (const [from, to] of [...ARROWS.map(([, from, to]) => [from, to] as const), ...ALLOWED]) {
      addImport(from, to);
    }
    write('src/api/long.ts', '\n'.repeat(251));
    write('src/api/long-enough.ts', '\n'.repeat(250));
    write('test/unit/long.test.ts', '\n'.repeat(451));
    write('test/unit/long-enough.test.ts', '\n'.repeat(450));
    write('clients/typescript/src/schema.ts', '\n'.repeat(4_000));
    for (let file = 0; file < 26; file += 1) {
      write(`scripts/s${file}.ts`, '');
      write(`src/domain/checks/c${file}.ts`, '');
      if (file > 0) write(`bench/b${file}.ts`, '');
    }
    const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/check-arrows.ts')], {
      cwd: dir,
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    lines = stderr.trim().split('\n');
  }, 60_000);
  afterAll(() => rmSync(dir, { recursive: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }

  const files = new Map<string, string>();

  function addImport(from: string, to: string): void {
    const isOurs = to.endsWith('.ts');
    const up = '../'.repeat(from.split('/').length - 1);
    files.set(from, `${files.get(from) ?? ''}import '${isOurs ? `${up}${to}` : to}';\n`);
    write(from, files.get(from) ?? '');
    if (isOurs && !files.has(to)) write(to, '');
    if (!isOurs && !to.startsWith('node:')) {
      write(`node_modules/${to}/package.json`, JSON.stringify({ name: to, main: 'index.js' }));
      write(`node_modules/${to}/index.js`, '');
    }
  }

  it.each(ARROWS)('finds the rule %s broken by %s → %s', (rule, from, to) => {
    expect(lines.filter((line) => line.startsWith(`${rule}: ${from} → `))).toContainEqual(
      expect.stringContaining(to.replace('node:', '')),
    );
  });

  it('has no rule without an example here that breaks it', () => {
    const { forbidden } = createRequire(import.meta.url)('../../../.dependency-cruiser.cjs') as {
      forbidden: { name: string }[];
    };
    const broken = new Set(ARROWS.map(([rule]) => rule));
    expect(forbidden.map(({ name }) => name).filter((name) => !broken.has(name))).toEqual([]);
  });

  it.each(ALLOWED.filter(([from]) => from.includes('fine') || from.includes('bin')))(
    'lets %s import %s',
    (from) => {
      expect(lines.filter((line) => line.includes(`: ${from} → `))).toEqual([]);
    },
  );

  it('finds files that are too long and folders that are too full', () => {
    expect(lines.filter((line) => /^(file|folder)-/.test(line)).sort()).toEqual([
      'file-too-long: src/api/long.ts has 251 lines, 250 at most',
      'file-too-long: test/unit/long.test.ts has 451 lines, 450 at most',
      'folder-too-full: scripts has 26 files, 25 at most',
    ]);
  });
});
