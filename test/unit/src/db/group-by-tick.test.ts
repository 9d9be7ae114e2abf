import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/domain/errors.ts';
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

  /** An error as `guard` makes it from an answer of Postgres. */
  const refusal = (code: string) =>
    new AppError('internal', { cause: Object.assign(new Error(`SQLSTATE ${code}`), { code }) });

  it('fails only the calls whose items Postgres refuses, and runs few statements more', async () => {
    let runs = 0;
    const stored: number[] = [];
    const store = groupByTick(
      (items: readonly number[]) => {
        runs += 1;
        if (items.some((item) => item < 0)) return Promise.reject(refusal('22021'));
        stored.push(...items);
        return Promise.resolve(items);
      },
      { maxGroup: 250, maxConcurrent: 1 },
    );
    const items = Array.from({ length: 250 }, (_, index) => (index === 77 || index === 200 ? -index : index));
    const results = await Promise.allSettled(items.map(store));
    expect(results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([77, 200]);
    expect(stored.toSorted((a, b) => a - b)).toEqual(items.filter((item) => item >= 0));
    expect(runs).toBeLessThan(40);
  });

  it.each([
    ['a lost connection, which may hide a commit', new AppError('database_unavailable')],
    ['a full disk', new AppError('storage_full')],
    ['a missing privilege', refusal('42501')],
  ])('runs nothing again after %s', async (_what, error) => {
    let runs = 0;
    const fail = groupByTick(
      (_items: readonly number[]) => {
        runs += 1;
        return Promise.reject(error);
      },
      { maxGroup: 10, maxConcurrent: 1 },
    );
    const results = await Promise.allSettled([1, 2, 3].map(fail));
    expect(results.map((result) => result.status === 'rejected' && result.reason)).toEqual([
      error,
      error,
      error,
    ]);
    expect(runs).toBe(1);
  });

  it('runs parts apart and items of one key one after the other, and gives each its own result', async () => {
    const groups: string[][] = [];
    const run = (items: readonly string[]) => {
      groups.push([...items]);
      return Promise.resolve(items.map((item) => item.toUpperCase()));
    };
    const byTenant = groupByTick(run, { maxGroup: 9, maxConcurrent: 1, partOf: (item) => item[0] });
    expect(await Promise.all(['a1', 'b1', 'a2'].map(byTenant))).toEqual(['A1', 'B1', 'A2']);
    expect(groups.splice(0)).toEqual([['a1', 'a2'], ['b1']]);
    const unique = groupByTick(run, { maxGroup: 9, maxConcurrent: 1, uniqueBy: (item) => item[0] });
    expect(await Promise.all(['a1', 'b1', 'a2', 'c1', 'a3'].map(unique))).toEqual([
      'A1',
      'B1',
      'A2',
      'C1',
      'A3',
    ]);
    expect(groups).toEqual([['a1', 'b1', 'c1'], ['a2'], ['a3']]);
  });

  it('lets no part wait for another whose runs do not end', async () => {
    const stuck: string[] = [];
    const byTenant = groupByTick(
      (items: readonly string[]) => {
        if (!items.some((item) => item.startsWith('a'))) return Promise.resolve(items);
        stuck.push(...items);
        return new Promise<readonly string[]>(() => undefined);
      },
      { maxGroup: 2, maxConcurrent: 2, partOf: (item) => item[0] },
    );
    for (let number = 0; number < 20; number += 1) void byTenant(`a${number}`);
    expect(await Promise.all(['b1', 'c1', 'b2'].map(byTenant))).toEqual(['b1', 'c1', 'b2']);
    expect(await byTenant('b3')).toBe('b3');
    expect(stuck).toHaveLength(4);
  });

  it('bounds a group in bytes, too, and runs a larger item alone', async () => {
    const groups: number[][] = [];
    const run = groupByTick(
      (items: readonly number[]) => {
        groups.push([...items]);
        return Promise.resolve(items);
      },
      { maxGroup: 100, maxConcurrent: 1, bytesOf: (kib) => kib * 1024 },
    );
    await Promise.all([3_000, 500, 600, 400, 100, 1].map(run));
    expect(groups).toEqual([[3_000], [500, 400, 100, 1], [600]]);
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
