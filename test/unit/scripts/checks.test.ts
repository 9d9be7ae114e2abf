import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { expectWithin } from '../../support/machine-pace.ts';

const dir = mkdtempSync(join(tmpdir(), 'validatr-npm-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** Runs a check with an `npm` that gives this answer. Null: it gives none. */
function check(name: 'licenses' | 'audit', npmAnswer: unknown) {
  writeFileSync(join(dir, 'answer'), typeof npmAnswer === 'string' ? npmAnswer : JSON.stringify(npmAnswer));
  // npm ends with 1 both for findings and for errors.
  writeFileSync(
    join(dir, 'npm'),
    npmAnswer === null
      ? '#!/bin/sh\nexec sleep 60\n'
      : `#!/bin/sh\ncat '${dir}/answer'\n${name === 'audit' ? 'exit 1' : ''}\n`,
  );
  chmodSync(join(dir, 'npm'), 0o755);
  const { status, stdout, stderr } = spawnSync(process.execPath, [`scripts/check-${name}.ts`], {
    encoding: 'utf8',
    env: { PATH: `${dir}:${process.env['PATH'] ?? ''}` },
  });
  return { status, said: stdout + stderr };
}

describe('the licence check', () => {
  const usual = Array.from({ length: 60 }, (_, index) => ({
    name: `p${index}`,
    version: '1.0.0',
    location: `node_modules/p${index}`,
    license: 'MIT',
  }));
  const withOne = (name: string, license?: string) =>
    check('licenses', [...usual, { name, version: '2.0.0', location: `node_modules/${name}`, license }]);

  it.each([
    ['x', '(MIT OR GPL-3.0-only)'],
    ['x', 'Apache-2.0 AND MIT'],
    ['@img/sharp-libvips-linux-x64', 'LGPL-3.0-or-later'],
    ['@img/sharp-win32-x64', 'Apache-2.0 AND LGPL-3.0-or-later'],
    ['caniuse-lite', 'CC-BY-4.0'],
    ['unionfs', undefined],
  ])('lets %s with %s pass', (name, license) => {
    expect(withOne(name, license)).toEqual({ status: 0, said: expect.stringContaining('61 packages, 0 ') });
  });

  it.each([
    ['x', 'GPL-3.0-only'],
    ['x', 'LGPL-3.0-or-later'],
    ['x', 'MIT AND GPL-3.0-only'],
    ['x', '(MIT OR Apache-2.0) AND GPL-3.0-only'],
    ['x', 'SEE LICENSE IN LICENSE'],
    ['x', undefined],
    // An exception is for the licence it names.
    ['@img/sharp-libvips-linux-x64', 'GPL-3.0-only'],
    ['x-sharp-libvips-linux-x64', 'LGPL-3.0-or-later'],
  ])('fails for %s with %s, naming it', (name, license) => {
    expect(withOne(name, license)).toEqual({ status: 1, said: expect.stringContaining(`${name}@2.0.0: `) });
  });

  it('fails if it gets almost no packages', () => {
    expect(check('licenses', usual.slice(0, 5)).status).toBe(1);
  });
});

describe('the audit', () => {
  const report = (severity: string) => ({
    vulnerabilities: { bad: { name: 'bad', severity, range: '<2.0.0' } },
    metadata: { vulnerabilities: { [severity]: 1 } },
  });

  it.each(['high', 'critical'])('fails for a finding of %s severity, naming the package', (severity) => {
    expect(check('audit', report(severity))).toEqual({
      status: 1,
      said: expect.stringContaining(`bad <2.0.0: ${severity}`),
    });
  });

  it('passes if there is none of these', () => {
    expect(check('audit', report('moderate')).status).toBe(0);
    expect(check('audit', { vulnerabilities: {}, metadata: { vulnerabilities: {} } }).status).toBe(0);
  });

  it.each([
    {
      message: '405 Method Not Allowed - POST https://registry.example/x',
      statusCode: 405,
      error: { summary: '' },
    },
    { message: 'request to https://registry.example/x failed, reason: ECONNREFUSED', error: { summary: '' } },
  ])('is skipped, in one line, if the registry is away or has no audit: $message', (answer) => {
    const { status, said } = check('audit', answer);
    expect(status).toBe(0);
    expect(said).toMatch(/^audit skipped: [^\n]+\n$/);
  });

  it('is skipped within 10 s if the registry does not answer', () => {
    const begin = performance.now();
    expect(check('audit', null)).toEqual({
      status: 0,
      said: 'audit skipped: the registry does not answer\n',
    });
    expectWithin(performance.now() - begin, 10_000);
  });

  it('fails if npm itself fails', () => {
    expect(check('audit', { error: { code: 'ENOLOCK', summary: 'needs a lock file' } }).status).toBe(1);
    expect(check('audit', 'npm: command not found').status).toBe(1);
  });
});
