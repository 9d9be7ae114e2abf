import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { runCampaign } from './campaign.ts';
import { makePlan, SHORT } from './plan.ts';

describe('when every part dies once', () => {
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-fault-log-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it('loses no asset, gives no wrong verdict and sends every webhook (npm run test:faults)', async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const { violations, figures } = await runCampaign({
      plan: makePlan({ seed, rate: 10, submissions: 150 }, SHORT),
      temporalCli: inject('temporalCli'),
      logFile: join(process.env['TEST_LOGS'] ?? dir, 'faults.jsonl'),
      say: () => undefined,
    });
    expect(violations, `repeat with: npm run test:faults -- --seed ${seed}`).toEqual([]);
    expect(figures.acknowledged).toBeGreaterThan(0);
    expect(figures.terminal).toBeGreaterThanOrEqual(figures.acknowledged);
  });
});
