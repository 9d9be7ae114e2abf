import { slowness } from '../support/machine-pace.ts';
import type { ReceivedEvent } from '../support/receiver.ts';
import { startReceiver } from '../support/receiver.ts';
import { createApiKey, runCli } from '../support/cli.ts';
import { checkLog, type Report } from './checker.ts';
import { injectFaults } from './inject-faults.ts';
import { type Log, openLog } from './log.ts';
import { logRows, readOpenWork } from './outcome.ts';
import { RECEIVER_NAME, startNames } from './means/names.ts';
import { startNoisyTenant } from './means/noisy-tenant.ts';
import { watchMemory } from './means/watch-memory.ts';
import type { Plan } from './plan.ts';
import { type FaultStack, startFaultStack } from './stack.ts';
import { submitAll } from './submit.ts';

/** Far beyond the bound, so the figures tell a late verdict from a lost one. */
const VERDICTS_WITHIN_MS = 300_000;
/** A try that was cut off is made again a minute later. */
const WEBHOOKS_WITHIN_MS = 180_000;
/** A try may have its answer while a duplicate of it is still on its way. */
const STRAGGLERS_MS = 1_000;
const LOOK_EVERY_MS = 500;

/** The tenant whose assets count. */
const TENANT = 'steady';

export interface CampaignOptions {
  readonly plan: Plan;
  readonly temporalCli: string;
  /** The log. The output of the programs goes to the same name with `.output` behind it. */
  readonly logFile: string;
  readonly say: (line: string) => void;
}

/** Runs a plan against a stack of its own, and checks the log. */
export async function runCampaign({ plan, temporalCli, logFile, say }: CampaignOptions): Promise<Report> {
  const log = openLog(logFile);
  const names = await startNames();
  const receiver = await startReceiver((event, res) => {
    logWebhook(log, receiverUrl, event);
    res.end();
  });
  const receiverUrl = receiver.url.replace('127.0.0.1', RECEIVER_NAME);
  try {
    say('Starting Postgres, Temporal, API and worker …');
    const stack = await startFaultStack(temporalCli, log, {
      outputFile: `${logFile}.output`,
      nameServer: names.address,
      clockStepMs: plan.clockStepMs,
    });
    try {
      await runPlan(plan, { stack, receiverUrl, log, say });
    } finally {
      await stack.stop();
    }
  } finally {
    await receiver.close();
    await names.close();
  }
  return checkLog(log.records);
}

async function runPlan(
  plan: Plan,
  {
    stack,
    receiverUrl,
    log,
    say,
  }: { stack: FaultStack; receiverUrl: string; log: Log; say: (line: string) => void },
): Promise<void> {
  const { baseUrl, databaseUrl } = stack;
  const key = await createApiKey(stack, '--tenant', TENANT);
  const noisy = await startNoisyTenant(stack);
  try {
    const { seed, rate, submissions, faults, clockStepMs } = plan;
    say(`${submissions.length} submissions at ${rate}/s, ${faults.length} faults, seed ${seed} …`);
    log.add({
      type: 'run',
      seed,
      rate,
      submissions: submissions.length,
      faults: faults.length,
      clockStepMs,
      slowness: slowness(),
    });
    const logMemory = watchMemory(stack, log);
    await Promise.all([
      submitAll(plan, { baseUrl, key, receiverUrl, log }),
      injectFaults(plan, { stack, noisy, log }),
    ]);
    say('All submitted; waiting for the last verdict …');
    await waitUntilNone('assets', databaseUrl, VERDICTS_WITHIN_MS, say);
    say('Waiting for the last webhook …');
    await waitUntilNone('deliveries', databaseUrl, WEBHOOKS_WITHIN_MS, say);
    await delay(STRAGGLERS_MS);
    logMemory();
    await logRows({ baseUrl, databaseUrl, key }, log);
    await logSecrets(log, receiverUrl, stack);
  } finally {
    await noisy.close();
  }
}

function logWebhook(log: Log, receiverUrl: string, { path, headers, body }: ReceivedEvent): void {
  const header = (name: string) => {
    const value = headers[name];
    return typeof value === 'string' ? value : null;
  };
  log.add({
    type: 'webhook',
    url: receiverUrl + path,
    id: header('webhook-id'),
    timestamp: header('webhook-timestamp'),
    signature: header('webhook-signature'),
    body,
  });
}

/** Gives up silently after `withinMs`, because the checker reports what is missing. */
async function waitUntilNone(
  what: 'assets' | 'deliveries',
  databaseUrl: string,
  withinMs: number,
  say: (line: string) => void,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  let told = performance.now();
  while (performance.now() < deadline) {
    const open = await readOpenWork(databaseUrl, TENANT);
    if (open?.[what] === 0) return;
    if (performance.now() - told > 10_000) {
      told = performance.now();
      say(`  still open: ${open?.assets ?? '?'} assets, ${open?.deliveries ?? '?'} deliveries`);
    }
    await delay(LOOK_EVERY_MS);
  }
}

async function logSecrets(log: Log, receiverUrl: string, stack: FaultStack): Promise<void> {
  for (const key of ['onStart', 'onSuccess', 'onFailure']) {
    const endpoint = `${receiverUrl}/${key}`;
    const secret = await runCli(stack, 'webhooks', 'secret', endpoint, '--tenant', TENANT);
    log.add({ type: 'secret', endpoint, secret });
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
