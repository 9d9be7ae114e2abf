import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runWords } from '../../../../src/cli/run-cli.ts';
import { freePort } from '../../../../src/dev/free-port.ts';
import { rememberStack } from '../../../../src/dev/stack-file.ts';
import { UsageError } from '../../../../src/process/program.ts';

/** Runs the command line without a database, because no test here needs one. */
const cli = (...args: string[]) => cliUnder({}, ...args);

async function cliUnder(env: NodeJS.ProcessEnv, ...args: string[]) {
  const printed: string[] = [];
  const said = { status: 0, stderr: '' };
  try {
    const withSession = () => Promise.reject(new Error('it opens the database'));
    await runWords(args, { print: (text) => void printed.push(text), withSession }, env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    Object.assign(said, { status: error.exitCode, stderr: error.message });
  }
  return { ...said, stdout: printed.join('\n') };
}

const ID = '01a20dd4-4390-7886-ae0e-5d9a4a0c4518';

const COMMANDS = [
  ...['create', 'list', 'rotate', 'revoke', 'limit'].map((name) => `keys ${name}`),
  ...['list', 'limit'].map((name) => `tenants ${name}`),
  ...['secret', 'endpoints', 'enable', 'deliveries', 'delivery', 'replay', 'test'].map(
    (name) => `webhooks ${name}`,
  ),
];

describe('the command line', () => {
  it.each([
    [['nonsense'], 'keys, tenants, webhooks'],
    [['policies', '--help'], 'keys, tenants, webhooks'],
    [['keys', 'nonsense'], 'create, list, rotate, revoke'],
    [['webhooks', 'nonsense', '--help'], 'secret, endpoints, enable'],
    [['help', 'nonsense'], 'keys, tenants, webhooks'],
    [['toString', 'call'], 'keys, tenants, webhooks'],
    [['keys', 'toString'], 'create, list'],
  ])('says that there is no such command, lists the commands, and ends with 2: %j', async (args, known) => {
    const named = args.filter((arg) => !['--help', 'help', 'call'].includes(arg)).join(' ');
    const { status, stdout, stderr } = await cli(...args);
    expect([status, stdout]).toEqual([2, '']);
    const [what, whatToDo] = stderr.split('\n');
    expect(what).toBe(`There is no command "${named}".`);
    expect(whatToDo).toContain(known);
    expect(whatToDo).toContain('--help');
  });

  it.each([[[]], [['--help']], [['-h']], [['help']]])('shows every command: %j', async (args) => {
    const { status, stdout } = await cli(...args);
    expect(status).toBe(0);
    for (const command of COMMANDS) expect(stdout).toContain(`\n  ${command} `);
  });

  it.each([['keys'], ['tenants'], ['webhooks']])('shows the commands of %s alone', async (group) => {
    for (const args of [[group], [group, '--help'], ['help', group]]) {
      const { status, stdout } = await cli(...args);
      expect(status).toBe(0);
      for (const command of COMMANDS)
        expect(stdout.includes(`\n  ${command} `), command).toBe(command.startsWith(group));
    }
  });

  it.each(COMMANDS)('explains %s, and the database it works on', async (command) => {
    const { status, stdout } = await cli(...command.split(' '), '--help');
    expect([status, stdout.split('\n')[0]]).toEqual([
      0,
      expect.stringContaining(`Usage: npm run cli -- ${command} [options]`),
    ]);
    expect(stdout).toContain('DATABASE_URL');
    expect(stdout).toContain('npm run dev');
    expect(await cli('help', ...command.split(' '))).toEqual({ status, stdout, stderr: '' });
  });

  it('explains scopes, tenants, times and the secrets key', async () => {
    const help = async (...args: string[]) => (await cli(...args, '--help')).stdout;
    for (const scope of ['assets:read', 'assets:write', 'webhooks:manage', 'policies:manage', 'admin'])
      expect(await help('keys', 'create')).toMatch(new RegExp(`^  ${scope} +\\w`, 'm'));
    expect(await help('webhooks', 'deliveries')).toContain('2026-01-31T12:00:00Z');
    expect(await help('webhooks', 'deliveries')).toContain('"default" is the only tenant');
    expect(await help('webhooks', 'secret')).toContain('SECRETS_KEY');
  });

  it.each([
    [['keys', 'list', '--rotate'], "Unknown option '--rotate'."],
    [['keys', 'create', '--all'], "Unknown option '--all'."],
    [['webhooks', 'test', 'https://receiver.example', '--scopes', 'admin'], "Unknown option '--scopes'."],
    [['webhooks', 'delivery', ID, '--limit', '3'], "Unknown option '--limit'."],
    [['keys', 'rotate'], "Missing required argument 'id'."],
    [['keys', 'list', 'more'], "Too many arguments for 'list'."],
    [['keys', 'rotate', 'x', '--overlap-hours'], "Option '--overlap-hours <n>' argument missing."],
  ])(
    'refuses unknown arguments and options, and points to the help of the command: %j',
    async (args, finding) => {
      const { status, stdout, stderr } = await cli(...args);
      expect([status, stdout]).toEqual([2, '']);
      const [what, whatToDo] = stderr.split('\n');
      expect(what).toContain(finding);
      expect(whatToDo).toBe(`See \`npm run cli -- ${args.slice(0, 2).join(' ')} --help\`.`);
    },
  );

  it.each([
    [['keys', 'create', '--expires-days', '0'], '--expires-days takes a number from 1 to'],
    [['keys', 'create', '--scopes', 'everything'], '--scopes takes assets:read,'],
    [['keys', 'create', '--tenant', 'No Such'], '--tenant takes lower-case letters'],
    [['keys', 'create', '--name', ''], '--name takes 1 to 100 characters.'],
    [['keys', 'create', '--name', 'x'.repeat(101)], '--name takes 1 to 100 characters.'],
    [['keys', 'rotate', 'x', '--overlap-hours', '-1'], '--overlap-hours takes a number from 0 to'],
    [['webhooks', 'deliveries', '--limit', '501'], '--limit takes a number from 1 to 500.'],
    [['webhooks', 'deliveries', '--from', 'yesterday'], '--from takes a time like 2026-01-31T12:00:00Z.'],
    [['webhooks', 'deliveries', '--since', 'today'], '--since takes a time like 2026-01-31T12:00:00Z.'],
    [['webhooks', 'deliveries', '--state', 'lost'], '--state takes one of pending, delivered,'],
    [['webhooks', 'delivery', '7'], 'Ids look like'],
    [['webhooks', 'test', 'ftp://receiver.example'], 'Give an absolute http(s) URL'],
    [['webhooks', 'secret', 'https://receiver.example', '--force'], 'Add --rotate'],
    [['policy', 'tune', '--good', 'a'], 'Give a folder of good examples by --good'],
    [['webhooks', 'replay'], 'Give the id of a delivery, or --all with a filter.'],
    [['webhooks', 'replay', '--all'], 'Add at least one of --asset,'],
    [['webhooks', 'replay', ID, '--all'], 'Leave out the id'],
    [['webhooks', 'replay', ID, '--state', 'failed'], 'Leave out the id'],
  ])('refuses invalid values, and names valid ones, before it needs a database: %j', async (args, advice) => {
    const { status, stdout, stderr } = await cli(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr.split('\n')[1]).toContain(advice);
  });

  /** `npm run cli …` in an empty project, so npm itself says which variables it makes of the options. */
  function npmRun(...args: string[]) {
    const program = join(process.cwd(), 'src/bin/cli.ts');
    const dir = mkdtempSync(join(tmpdir(), 'validatr-npm-'));
    const manifest = { scripts: { cli: `exec ${process.execPath} ${program}` } };
    writeFileSync(join(dir, 'package.json'), JSON.stringify(manifest));
    try {
      const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], DATABASE_URL: 'nowhere' };
      const options = { cwd: dir, encoding: 'utf8', env } as const;
      return spawnSync('npm', ['run', '--silent', 'cli', ...args], options);
    } finally {
      rmSync(dir, { recursive: true });
    }
  }

  it.each([
    [['keys', 'create', '--tenant=lost'], '--tenant', 'keys create --tenant'],
    [['keys', 'create', '--tenant', 'lost'], '--tenant', 'keys create --tenant'],
    [
      ['keys', 'create', '--scopes', 'admin', '--expires-days=3'],
      '--scopes, --expires-days',
      'keys create --scopes',
    ],
    [['keys', 'create', '--name='], '--name', 'keys create --name'],
    [
      ['webhooks', 'secret', 'https://receiver.example', '--rotate', '--force'],
      '--rotate',
      'webhooks secret --rotate',
    ],
    [['webhooks', 'replay', '--all', '--state=failed'], '--state', 'webhooks replay --state'],
  ])('refuses to run without the options that npm took for itself: %j', (args, lost, example) => {
    const { status, stdout, stderr } = npmRun(...args);
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: `validatr cli: npm took ${lost} for itself.\nWrite "--" after "cli": npm run cli -- ${example} …\n`,
    });
  });

  it("keeps the options after --, whatever a person's npm settings are", async () => {
    const { stdout, stderr } = npmRun('--', 'keys', 'create', '--tenant', 'kept', '--help');
    expect([stdout.split('\n')[0], stderr]).toEqual(['Usage: npm run cli -- keys create [options]', '']);
    const settings = { npm_lifecycle_event: 'cli', npm_config_all: 'true', npm_config_tenant: 'lost' };
    expect((await cliUnder(settings, 'webhooks', 'replay', ID, '--tenant=kept', '--limit')).stderr).toContain(
      "Unknown option '--limit'.",
    );
    const other = { ...settings, npm_lifecycle_event: 'test' };
    expect((await cliUnder(other, 'webhooks', 'replay')).stderr).toContain('what to send again');
  });

  it('suggests the option that was meant', async () => {
    expect((await cli('keys', 'list', '--tennant', 'research')).stderr).toContain('(Did you mean --tenant?)');
  });

  it('says which database does not answer, and asks if the stack runs', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'validatr-cli-'));
    const address = `127.0.0.1:${await freePort()}`;
    const url = `postgres://user:hunter2@${address}/validatr`;
    const list = (more: Record<string, string>) =>
      spawnSync(process.execPath, ['src/bin/cli.ts', 'keys', 'list'], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], VALIDATR_DATA_DIR: dir, ...more },
      });
    try {
      const finding = `validatr cli: Postgres at ${address}: nothing listens there.\n`;
      expect(list({ DATABASE_URL: url })).toMatchObject({ status: 1, stdout: '', stderr: finding });
      await rememberStack(dir, { DATABASE_URL: url });
      expect(list({})).toMatchObject({ status: 1, stderr: `${finding}Is \`make dev\` running?\n` });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('ends with exit code 2, and tells what to do on a second line', () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['src/bin/cli.ts', 'keys', 'list', '--rotate'],
      { encoding: 'utf8', env: { PATH: process.env['PATH'] } },
    );
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: "validatr cli: Unknown option '--rotate'.\nSee `npm run cli -- keys list --help`.\n",
    });
  });
});
