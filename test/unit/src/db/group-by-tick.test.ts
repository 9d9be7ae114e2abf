import { describe, expect, it } from 'vitest';
import { groupByTick } from '../../../../src/db/group-by-tick.ts';

describe('groupByTick', () => {
  it('runs the calls of one turn together and gives each its own result', async () => {
    const groups: number[][] = [];
    const double = groupByTick(
      (items: readonly number[]) => {
        groups.push([...items]);
        return Promise.resolve(items.map((item) => item * 2));
      },
      { maxGroup: 3, maxConcurrent: 1 },
    );
    expect(await Promise.all([1, 2, 3, 4].map(double))).toEqual([2, 4, 6, 8]);
    expect(groups).toEqual([[1, 2, 3], [4]]);
  });

  it('gathers calls while a run is under way, up to the bound on concurrency', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const sizes: number[] = [];
    const slow = groupByTick(
      async (items: readonly number[]) => {
        sizes.push(items.length);
        await gate;
        return items;
      },
      { maxGroup: 100, maxConcurrent: 1 },
    );
    const first = slow(1);
    await new Promise(setImmediate);
    const rest = [2, 3, 4].map(slow);
    await new Promise(setImmediate);
    expect(sizes).toEqual([1]);
    release();
    await Promise.all([first, ...rest]);
    expect(sizes).toEqual([1, 3]);
  });

  it('fails every call of a group whose run fails, and goes on after it', async () => {
    let fails = true;
    const sometimes = groupByTick(
      (items: readonly number[]) => (fails ? Promise.reject(new Error('down')) : Promise.resolve(items)),
      { maxGroup: 10, maxConcurrent: 1 },
    );
    const results = await Promise.allSettled([sometimes(1), sometimes(2)]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    fails = false;
    expect(await sometimes(3)).toBe(3);
  });
});
