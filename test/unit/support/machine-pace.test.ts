import { expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import {
  expectProcessorTimeWithin,
  expectWithin,
  processorMs,
  slowness,
} from '../../support/machine-pace.ts';

it('a bound refuses work that takes far longer, however slow the machine is, and passes other work', () => {
  for (const hold of [expectWithin, expectProcessorTimeWithin]) {
    hold(999, 1_000);
    expect(() => hold(1e9, 1_000, 'the verdict')).toThrow(
      /^the verdict took 1000000000 ms, the bound is 1000 ms/,
    );
    expect(() => hold(NaN, 1_000)).toThrow('took NaN ms');
  }
});

it('no machine counts as faster than the one that bounds are for', () => {
  expect(slowness()).toBeGreaterThanOrEqual(1);
});

it('processor time stands still while nothing is done', async () => {
  const begin = processorMs();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(processorMs() - begin).toBeLessThan(250);
});

it('a condition that comes too late fails, with the time it took', async () => {
  let looks = 0;
  const probe = () => (looks += 1) > 3;
  await eventually(probe);
  looks = 0;
  await expect(eventually(probe, { withinMs: 0, what: 'the end' })).rejects.toThrow(/^the end took \d+ ms/);
});
