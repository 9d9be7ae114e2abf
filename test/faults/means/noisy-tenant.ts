import { createApiKey } from '../../support/cli.ts';
import {
  answerWithFlood,
  FLOODS,
  type HostileReceivers,
  startHostileReceivers,
} from '../../support/stand-ins/hostile-receivers.ts';
import { SLOW_DOMAIN } from './names.ts';
import type { FaultStack } from '../stack.ts';

/** Events go to receivers of each kind in turn. An origin that has failed five times is left alone for a while. */
const RECEIVERS_OF_A_KIND = 10;
const SEND_EVERY_MS = 100;

const SLOW_ORIGINS = Array.from({ length: 40 }, (_, index) => `http://n${index}.${SLOW_DOMAIN}`);

export interface NoisyTenant {
  /** Has events sent to receivers that answer without end, for some time. */
  flood(forMs: number): Promise<void>;
  /** The same with names whose DNS never answers. */
  nameSlowNames(forMs: number): Promise<void>;
  close(): Promise<void>;
}

/** A tenant beside the one whose assets count. What becomes of its own events does not matter. */
export async function startNoisyTenant(stack: Pick<FaultStack, 'baseUrl' | 'env'>): Promise<NoisyTenant> {
  const key = await createApiKey(stack, '--tenant', 'noisy');
  const receivers = await Promise.all(
    Object.values(FLOODS).map((flood) => startHostileReceivers(RECEIVERS_OF_A_KIND, answerWithFlood(flood))),
  );
  const floods = originsInTurn(receivers);

  async function sendEvent(url: string): Promise<void> {
    const answer = await fetch(`${stack.baseUrl}/webhooks/test`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ url }),
    });
    await answer.arrayBuffer();
  }

  async function sendEvents(origins: readonly string[], forMs: number): Promise<void> {
    const end = performance.now() + forMs;
    for (let index = 0; performance.now() < end; index += 1) {
      // The API may be away just now.
      sendEvent(`${origins[index % origins.length]}/hook`).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, SEND_EVERY_MS));
    }
  }

  return {
    flood: (forMs) => sendEvents(floods, forMs),
    nameSlowNames: (forMs) => sendEvents(SLOW_ORIGINS, forMs),
    async close() {
      await Promise.all(receivers.map((one) => one.close()));
    },
  };
}

function originsInTurn(receivers: readonly HostileReceivers[]): string[] {
  return Array.from({ length: RECEIVERS_OF_A_KIND }, (_, index) =>
    receivers.flatMap(({ origins }) => origins[index] ?? []),
  ).flat();
}
