import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

/** Without a database: what it says before it needs one. */
function cli(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['src/bin/cli.ts', ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  return { status, stdout, stderr };
}

describe('the command line', () => {
  it.each([
    [['nonsense']],
    [['policies', '--help']],
    [['keys', 'nonsense']],
    [['webhooks', 'nonsense', '--help']],
    [['toString', 'call']],
  ])('says that there is no such command, and ends with 2: %j', (args) => {
    const named = args.filter((arg) => arg !== '--help').join(' ');
    expect(cli(...args)).toEqual({
      status: 2,
      stdout: '',
      stderr: `validatr cli: There is no command "${named}". See --help.\n`,
    });
  });

  it.each([[[]], [['--help']], [['keys']], [['keys', '--help']], [['webhooks', 'replay', '--help']]])(
    'shows what there is: %j',
    (args) => {
      expect(cli(...args)).toMatchObject({ status: 0, stdout: expect.stringContaining('keys create') });
    },
  );
});
