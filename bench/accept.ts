import autocannon from 'autocannon';
import type { Target } from './load.ts';

const CONNECTIONS = 32;
const SECONDS = 10;

/** Requests accepted a second (202 after commit) with the dispatcher off. The load generator shares the cores. */
export async function measureAccept({ baseUrl }: Target) {
  const body = JSON.stringify({ assetPath: { location: 'local', path: './assets/rocket.jpg' } });
  const options = {
    url: `${baseUrl}/assets/image/`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    connections: CONNECTIONS,
  } as const;
  await autocannon({ ...options, duration: 2 });
  const result = await autocannon({ ...options, duration: SECONDS });
  return {
    connections: CONNECTIONS,
    seconds: SECONDS,
    requestsPerS: Math.round(result['2xx'] / result.duration),
    accepted: result['2xx'],
    refused: result.non2xx + result.errors + result.timeouts,
    latencyMs: { p50: result.latency.p50, p97_5: result.latency.p97_5, p99: result.latency.p99 },
  };
}
