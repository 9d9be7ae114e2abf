import { describe, expect, it } from 'vitest';
import { FULL, makePlan, type PlannedFault } from '../../faults/plan.ts';

const SIZE = { rate: 15, submissions: 2_000 };
const LENGTH_MS = (SIZE.submissions / SIZE.rate) * 1000;

describe('the plan of a fault run', () => {
  it('is the same for the same seed and another for another', () => {
    expect(makePlan({ seed: 5, ...SIZE }, FULL)).toEqual(makePlan({ seed: 5, ...SIZE }, FULL));
    expect(makePlan({ seed: 6, ...SIZE }, FULL).faults).not.toEqual(
      makePlan({ seed: 5, ...SIZE }, FULL).faults,
    );
  });

  it.each([1, 2, 3, 4, 5])(
    'has every fault within the run and no kill of a stopped worker (seed %i)',
    (seed) => {
      const { faults, submissions } = makePlan({ seed, ...SIZE }, FULL);
      expect(submissions).toHaveLength(2_000);
      const count = (target: string, kind: string) =>
        faults.filter((fault) => fault.target === target && fault.kind === kind).length;
      expect(['api', 'worker', 'temporal', 'postgres'].map((target) => count(target, 'kill'))).toEqual([
        20, 20, 5, 5,
      ]);
      expect(count('temporal', 'lose_data')).toBe(2);
      expect(['api', 'worker'].map((target) => count(target, 'step_clock'))).toEqual([5, 5]);
      expect(count('worker', 'old_worker')).toBe(1);
      expect(['flood', 'slow_names'].map((kind) => count('worker', kind))).toEqual([2, 2]);
      const stop = faults.find(({ kind }) => kind === 'stop') as PlannedFault;
      expect(stop).toMatchObject({ target: 'worker', forMs: 60_000 });
      for (const { target, kind, atMs, forMs } of faults) {
        expect(atMs).toBeGreaterThanOrEqual(0);
        expect(atMs + forMs).toBeLessThanOrEqual(LENGTH_MS);
        if (target === 'worker' && kind === 'kill')
          expect(atMs <= stop.atMs || atMs >= stop.atMs + stop.forMs).toBe(true);
      }
    },
  );

  it('refuses a stop that is longer than the run', () => {
    expect(() => makePlan({ seed: 1, rate: 15, submissions: 300 }, FULL)).toThrow(RangeError);
  });
});
