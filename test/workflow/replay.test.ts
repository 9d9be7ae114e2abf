import { readdirSync, readFileSync } from 'node:fs';
import { Worker } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { bundleOnce, HISTORIES_DIR } from '../support/workflow-lab.ts';

const names = readdirSync(HISTORIES_DIR).filter((name) => name.endsWith('.json'));

/**
 * Reading them needs one copy of protobufjs for all of Temporal's packages: hence its exact version in package.json.
 * Running workflows outlive deployments: today's code must retrace what earlier code has recorded.
 */
describe('recorded histories', () => {
  it('are there', () => {
    expect(names.length).toBeGreaterThanOrEqual(10);
  });

  it.each(names)('replay: %s', async (name) => {
    const history: unknown = JSON.parse(readFileSync(`${HISTORIES_DIR}${name}`, 'utf8'));
    await Worker.runReplayHistory({ workflowBundle: await bundleOnce() }, history);
  });
});
