import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { KNOWS } from '../../src/domain/needs.ts';
import {
  assetWorkflowId,
  TASK_QUEUE,
  VALIDATE_ASSET,
  type ValidateAssetInput,
  type ValidateAssetMemo,
  type ValidateAssetResult,
} from '../../workflows/contract.ts';
import { eventually } from '../support/eventually.ts';
import { fairWeather, openWorkflowLab, readBundle, type WorkflowLab } from '../support/workflow-lab.ts';

const NEWER = KNOWS + 1;
const memo: ValidateAssetMemo = { attempt: 1, needs: NEWER };

describe('a workflow that needs more than a worker knows', () => {
  let lab: WorkflowLab;

  beforeAll(async () => {
    lab = await openWorkflowLab();
  });
  afterAll(() => lab?.stop());

  it('is left alone by this worker, and ends as soon as a worker takes it that knows more (today’s code with a raised number)', async () => {
    const input: ValidateAssetInput = {
      assetId: 'asset',
      attempt: 1,
      assetPath: { location: 'local', path: 'x.jpg' },
      webhookKeys: [],
      stepExecution: 'regular',
    };
    const handle = await lab.client.workflow.start<
      (input: ValidateAssetInput) => Promise<ValidateAssetResult>
    >(VALIDATE_ASSET, {
      workflowId: assetWorkflowId('asset'),
      taskQueue: TASK_QUEUE,
      args: [input],
      memo: { ...memo },
      workflowTaskTimeout: '5 s',
    });
    const calls: string[] = [];
    await lab.withActivities(fairWeather(calls), async () => {
      const hasFailedTask = async () => {
        const { events } = await handle.fetchHistory();
        return (events ?? []).some((event) => event.workflowTaskFailedEventAttributes);
      };
      await eventually(hasFailedTask, { what: 'a refused task' });
    });
    expect(calls).toEqual([]);
    expect((await handle.describe()).status.name).toBe('RUNNING');

    const { code } = await readBundle();
    const raised = code.replaceAll(new RegExp(`\\bKNOWS = ${KNOWS};`, 'g'), `KNOWS = ${NEWER};`);
    expect(raised).not.toBe(code);
    const connection = await NativeConnection.connect({ address: inject('temporalAddress') });
    const given: unknown[][] = [];
    const watched = Object.fromEntries(
      Object.entries(fairWeather(calls)).map(([name, run]) => [
        name,
        (...args: unknown[]) => {
          given.push(args);
          return (run as (...all: unknown[]) => unknown)(...args);
        },
      ]),
    );
    const newer = await Worker.create({
      connection,
      namespace: lab.client.options.namespace,
      taskQueue: TASK_QUEUE,
      activities: watched,
      workflowBundle: { code: raised },
    });
    await newer.runUntil(async () => {
      expect(await handle.result()).toMatchObject({ outcome: 'finished', state: 'complete' });
    });
    // So a worker that is too old refuses its activities as well. The last write is local, and stays with the workflow.
    expect(given.filter(([, needs]) => needs === NEWER).length).toBeGreaterThanOrEqual(7);
    await connection.close();
  });
});
