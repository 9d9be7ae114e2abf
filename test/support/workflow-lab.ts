import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import type { Activities } from '../../activities/index.ts';
import { ACTIVITY_SLOTS } from '../../activities/slots.ts';
import type { TimedStepResult } from '../../activities/step.ts';
import {
  assetWorkflowId,
  TASK_QUEUE,
  VALIDATE_ASSET,
  type ValidateAssetInput,
  type ValidateAssetResult,
  WEBHOOK_TASK_QUEUE,
} from '../../workflows/contract.ts';
import { createNamespace } from './namespace.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const HISTORIES_DIR = fileURLToPath(new URL('../workflow/histories/', import.meta.url));

/** The workflows as production bundles them. */
export async function readBundle(): Promise<{ code: string }> {
  return { code: await readFile(inject('workflowBundle'), 'utf8') };
}

/** Our workflows on a real server. The test provides the activities. */
export interface WorkflowLab {
  readonly client: Client;
  /** Runs workers with `activities` while `work` lasts. */
  withActivities<Result>(activities: Partial<Activities>, work: () => Promise<Result>): Promise<Result>;
  start(input: Partial<ValidateAssetInput> & { assetId: string }): Promise<ValidationHandle>;
  stop(): Promise<void>;
}

interface ValidationHandle {
  result(): Promise<ValidateAssetResult>;
  /** Types of the events so far. */
  eventTypes(): Promise<string[]>;
  readonly workflowId: string;
}

/** At the shared server, unless another address is given. */
export async function openWorkflowLab(address = inject('temporalAddress')): Promise<WorkflowLab> {
  const { namespace, temporal } = await createNamespace(address);
  const attributes = ['ValidatrState', 'ValidatrVerdict'];
  await temporal(
    'operator',
    'search-attribute',
    'create',
    ...attributes.flatMap((name) => ['--name', name, '--type', 'Keyword']),
  );
  const connection = await NativeConnection.connect({ address });
  const client = new Client({ connection, namespace });

  return {
    client,

    async withActivities(activities, work) {
      const common = {
        connection,
        namespace,
        activities,
        workflowBundle: await readBundle(),
        maxConcurrentActivityTaskExecutions: ACTIVITY_SLOTS,
      };
      const workers = await Promise.all(
        [TASK_QUEUE, WEBHOOK_TASK_QUEUE].map((taskQueue) => Worker.create({ ...common, taskQueue })),
      );
      const running = Promise.all(workers.map((worker) => worker.run()));
      try {
        return await work();
      } finally {
        for (const worker of workers) worker.shutdown();
        await running;
      }
    },

    async start(input) {
      const workflowId = assetWorkflowId(input.assetId);
      const handle = await client.workflow.start<(input: ValidateAssetInput) => Promise<ValidateAssetResult>>(
        VALIDATE_ASSET,
        {
          workflowId,
          taskQueue: TASK_QUEUE,
          workflowTaskTimeout: '5 s',
          args: [
            {
              attempt: 1,
              assetPath: { location: 'local', path: './assets/rocket.jpg' },
              webhookKeys: [],
              stepExecution: 'local',
              ...input,
            },
          ],
        },
      );
      return {
        workflowId,
        result: () => handle.result(),
        async eventTypes() {
          const { events } = await handle.fetchHistory();
          return (events ?? []).map((event) => String(event.eventType));
        },
      };
    },

    async stop() {
      await connection.close();
    },
  };
}

/** Whether this run keeps histories (`npm run record:histories`). */
export const isRecording = process.env['RECORD_HISTORIES'] === 'yes';

/** Keeps the history of a workflow's last run, or of another, for the replay test, if this run keeps histories. */
export async function recordHistory(
  client: Client,
  workflowId: string,
  name: string,
  runId?: string,
): Promise<void> {
  if (!isRecording) return;
  const { stdout } = await run(inject('temporalCli'), [
    'workflow',
    'show',
    '--workflow-id',
    workflowId,
    ...(runId === undefined ? [] : ['--run-id', runId]),
    '--output',
    'json',
    '--address',
    inject('temporalAddress'),
    '--namespace',
    client.options.namespace,
  ]);
  await keepHistory(stdout, name);
}

/** Writes a new file and never replaces one, because workflows with an old history may still be running somewhere. */
export async function keepHistory(history: string, name: string): Promise<void> {
  await mkdir(HISTORIES_DIR, { recursive: true });
  // Stack traces name the directory in which they were recorded.
  await writeFile(freeName(name), history.replaceAll(ROOT, '/'));
}

/** `<name>.json`, or the first of `<name>-2.json`, … that is free. */
function freeName(name: string): string {
  for (let version = 1; ; version += 1) {
    const path = `${HISTORIES_DIR}${name}${version === 1 ? '' : `-${version}`}.json`;
    if (!existsSync(path)) return path;
  }
}

const step = (result: Partial<TimedStepResult> = {}): Promise<TimedStepResult> =>
  Promise.resolve({
    findings: [],
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: '2026-01-01T00:00:00.001Z',
    durationMs: 1,
    attempt: 1,
    ...result,
  });

export const rocketFacts = {
  format: 'JPEG',
  width: 640,
  height: 427,
  bytes: 112_525,
  sha256: 'c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c',
  integrity: { state: 'intact' },
} as const;

/** Activities that all succeed. They write the names of their calls to `calls`. */
export function fairWeather(calls: string[] = []): Activities {
  const called = <Result>(name: string, result: Result): Result => {
    calls.push(name);
    return result;
  };
  return {
    claimAsset: () => called('claimAsset', Promise.resolve({ outcome: 'owned', claims: 1, send: null })),
    checkWebhookUrls: () => called('checkWebhookUrls', step()),
    checkAssetReachable: () => called('checkAssetReachable', step()),
    checkIsImage: () => called('checkIsImage', step({ facts: rocketFacts })),
    checkIsJpeg: () => called('checkIsJpeg', step()),
    checkDimensions: () => called('checkDimensions', step()),
    judgeImage: async ({ steps }) => ({
      results: await called('judgeImage', Promise.all(steps.map(() => step()))),
    }),
    recordSteps: () => called('recordSteps', Promise.resolve()),
    finishAsset: ({ verdict }) =>
      called('finishAsset', Promise.resolve({ outcome: 'owned', state: verdict.state, send: null })),
    tryWebhookOnce: ({ deliveryId }) =>
      called(`tryWebhookOnce ${deliveryId}`, Promise.resolve({ outcome: 'done' })),
    sendWebhook: ({ deliveryId }) =>
      called(`sendWebhook ${deliveryId}`, Promise.resolve({ outcome: 'done' })),
    removeExpired: () => called('removeExpired', Promise.resolve({ assets: 0, testEvents: 0, uploads: 0 })),
    reconcileAssets: () =>
      called('reconcileAssets', Promise.resolve({ closed: 0, requeued: 0, deliveries: 0 })),
  };
}

export { step as stepResult };
