import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient, type TestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { setTrap, type Trap, traversals } from '../support/traversals.ts';

const BATCH = 100;

describe('submitted in 2,000 spellings that lead out of the roots', () => {
  let trap: Trap;
  let stack: Stack;
  let client: TestClient;

  beforeAll(async () => {
    trap = await setTrap();
    stack = await startStack({ ASSET_BASE: trap.base, ASSET_ROOTS: trap.root, LOG_LEVEL: 'warn' });
    client = createTestClient(stack.baseUrl);
  });
  afterAll(async () => {
    await stack?.stop();
    await trap.remove();
  });

  it('a valid JPEG outside is never reached, every asset ends, and no file outside has changed', async () => {
    const before = await trap.hashOfOutside();
    const paths = traversals(trap, process.cwd());
    const accepted = new Map<string, string>();
    let refused = 0;
    for (let start = 0; start < paths.length; start += BATCH) {
      await Promise.all(
        paths.slice(start, start + BATCH).map(async (path) => {
          const answer = await client.call('POST', '/assets/image/', {
            assetPath: { location: 'local', path },
          });
          const { id } = (await answer.json()) as { id: string };
          if (answer.status === 202) accepted.set(id, path);
          else if (answer.status === 422) refused += 1;
          else throw new Error(`${answer.status} for ${path}`);
        }),
      );
    }
    expect(accepted.size + refused).toBe(2_000);
    expect(accepted.size).toBeGreaterThan(1_500);

    await eventually(
      async () =>
        (await stack.database.query('SELECT 1 FROM assets WHERE finished_at IS NULL LIMIT 1')).length === 0,
      { everyMs: 500, what: 'the end of every asset' },
    );
    const ended = await stack.database.query<{ id: string; state: string; errors: object }>(
      'SELECT id, state, errors FROM assets',
    );
    expect(ended).toHaveLength(accepted.size);
    expect(ended.filter(({ state }) => state !== 'failed').map(({ id }) => accepted.get(id))).toEqual([]);
    // Some spellings lead to a file inside, which is no image. All others lead to no file.
    const unreached = ended.filter(({ errors }) => 'onStart' in errors);
    expect(unreached.length).toBeGreaterThan(accepted.size - 200);
    expect(await trap.hashOfOutside()).toBe(before);

    // The same picture inside is complete, so only the place makes the difference.
    await copyFile(join(trap.dir, 'secret.jpg'), join(trap.root, 'good.jpg'));
    const id = await client.submit('assets/good.jpg');
    expect(await client.verdict(id)).toEqual({ id, state: 'complete' });
  });
});
