import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type Stack, startStack } from '../support/stack.ts';

const ASSETS = 500;
const BEFORE = 50;

/** The log line of a step that met the missing root. */
const TROUBLE = {
  activity: expect.stringMatching(/^check/) as string,
  assetId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
  attempt: expect.any(Number) as number,
  err: { code: 'storage_unavailable' },
};

/** The root is away as a share is that someone unmounts: first nothing is there, then an empty directory. */
describe('when the asset root goes away in the middle of 500 assets', () => {
  let base: string;
  let stack: Stack;

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'validatr-root-away-'));
    await mkdir(join(base, 'assets'));
    await copyFile('assets/rocket.jpg', join(base, 'assets/rocket.jpg'));
    stack = await startStack({ ASSET_BASE: base, LOG_LEVEL: 'warn' });
  });
  afterAll(async () => {
    await stack?.stop();
    await rm(base, { recursive: true });
  });

  const countOf = async (state: string) => {
    const [row] = await stack.database.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM assets WHERE state = ?',
      [state],
    );
    return row?.count ?? 0;
  };

  /** Ends at once if an asset fails meanwhile. */
  const untilLogged = (line: string) =>
    eventually(
      async () => {
        expect(await countOf('failed')).toBe(0);
        return stack.worker.output().includes(line);
      },
      { what: `"${line}" in the log` },
    );

  it('no asset fails, and all are judged once it is back', async () => {
    const root = join(base, 'assets');
    const client = createTestClient(stack.baseUrl);
    for (let asset = 0; asset < ASSETS; asset += 1) await client.submit('./assets/rocket.jpg');
    await eventually(async () => (await countOf('complete')) >= BEFORE, { what: 'the first verdicts' });

    await rename(root, join(base, 'away'));
    await untilLogged('an asset root is missing');
    const readyz = await client.call('GET', '/readyz');
    expect([readyz.status, await readyz.json()]).toMatchObject([
      200,
      { checks: { storage: 'unavailable' }, reasons: { storage: 'an asset root is missing' } },
    ]);
    await mkdir(root);
    await untilLogged('an asset root is replaced');
    expect(await countOf('complete')).toBeLessThan(ASSETS);
    expect(await countOf('failed')).toBe(0);

    await rm(root, { recursive: true });
    await rename(join(base, 'away'), root);
    await eventually(async () => (await countOf('complete')) + (await countOf('failed')) === ASSETS, {
      what: 'all verdicts',
    });
    expect(await countOf('failed')).toBe(0);

    const isUsable = async () => (await client.read<{ checks: object }>('/readyz')).checks;
    await eventually(async () => Object.values(await isUsable()).every((check) => check === 'ok'));
    const lines = stack.worker.output().split('\n').slice(1, -1);
    const troubles = lines
      .map((line) => JSON.parse(line) as { msg: string })
      .filter(({ msg }) => msg === 'activity failed');
    expect(troubles.length).toBeGreaterThan(0);
    for (const trouble of troubles) expect(trouble).toMatchObject(TROUBLE);
  });
});
