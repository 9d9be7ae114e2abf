import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { describe, expect, it } from 'vitest';
import { readBundle, HISTORIES_DIR } from '../support/workflow-lab.ts';

const names = readdirSync(HISTORIES_DIR).filter((name) => name.endsWith('.json'));

/**
 * Running workflows outlive deployments, so today's code must replay the histories that earlier code has recorded. Reading them
 * needs one copy of protobufjs for all of Temporal's packages. Therefore package.json gives its exact version.
 */
describe('recorded histories', () => {
  it('are there', () => {
    // Happy, failed, cancelled in a step (both ways), fallback to regular activities, crash, reset, under a policy, from
    // the web, and the deliveries, also one that has more events than a run has today.
    for (const shape of ['complete', 'failed-with-webhooks', 'canceled-by-signal', 'cancelled-from-outside'])
      expect(names).toContain(`${shape}.json`);
    for (const shape of [
      'fallback-to-regular',
      'crash',
      'reset',
      'policy',
      'web-asset',
      'deliver-webhook',
      'deliver-webhook-asked-for',
      'deliver-webhook-continued',
      'deliver-webhook-long',
    ])
      expect(names).toContain(`${shape}.json`);
  });

  it.each(names)('replay: %s', async (name) => {
    const history: unknown = JSON.parse(readFileSync(`${HISTORIES_DIR}${name}`, 'utf8'));
    await Worker.runReplayHistory({ workflowBundle: await readBundle() }, history);
  });

  it('do not replay under code that acts in another order', async () => {
    const workflowsPath = fileURLToPath(new URL('incompatible/index.ts', import.meta.url));
    const history: unknown = JSON.parse(readFileSync(`${HISTORIES_DIR}complete.json`, 'utf8'));
    await expect(Worker.runReplayHistory({ workflowsPath }, history)).rejects.toThrow(
      DeterminismViolationError,
    );
  });
});

describe('the bundle of the workflows', () => {
  it('holds no zod, because workflows import only types from code that uses it', async () => {
    const { code } = await readBundle();
    expect(code).toContain('/src/domain/pipeline.ts');
    expect(code).not.toContain('node_modules/zod/');
  });
});
