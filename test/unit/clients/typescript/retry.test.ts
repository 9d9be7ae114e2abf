import { describe, expect, it } from 'vitest';
import { createClient, ValidatrError } from '../../../../clients/typescript/src/index.ts';
import { expectWithin } from '../../../support/machine-pace.ts';

const ID = '01a20d6b-029b-70ce-a38e-65984ddd12d0';

/** A client of an API that answers with each of these in turn; `null` loses the connection. */
function clientOf(...answers: (Response | null)[]) {
  const requests: Request[] = [];
  const client = createClient({
    baseUrl: 'http://127.0.0.1:9',
    apiKey: 'vk_test',
    maxRetries: 3,
    fetch(request) {
      requests.push(request);
      const answer = answers.shift();
      return answer === null || answer === undefined
        ? Promise.reject(new TypeError('fetch failed'))
        : Promise.resolve(answer);
    },
  });
  return { client, requests };
}

const refused = (status: number, retryAfter = '0') =>
  Response.json(
    { type: 'urn:validatr:error:overloaded', detail: 'Too many.' },
    {
      status,
      headers: { 'retry-after': retryAfter },
    },
  );
const accepted = () => Response.json({ id: ID, state: 'queued' }, { status: 202 });
const rocket = { assetPath: { location: 'local', path: './assets/rocket.jpg' } } as const;

describe('the client', () => {
  it('submits again after 429, 503 and a lost connection, under one key and with one body', async () => {
    const { client, requests } = clientOf(refused(429), refused(503), null, accepted());
    expect(await client.submit(rocket)).toEqual({ id: ID, state: 'queued' });
    const keys = requests.map(({ headers }) => headers.get('idempotency-key'));
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[\da-f-]{36}$/);
    const bodies = await Promise.all(requests.map((request) => request.json()));
    expect(bodies).toEqual([rocket, rocket, rocket, rocket]);
    expect(requests.map(({ headers }) => headers.get('authorization'))).toContain('Bearer vk_test');
  });

  it('waits as long as Retry-After says', async () => {
    const { client } = clientOf(refused(503, '1'), accepted());
    const begin = performance.now();
    await client.submit(rocket);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(990);
  });

  it('gives up after its last try, and says why', async () => {
    const { client, requests } = clientOf(refused(503), refused(503), refused(503), refused(503), accepted());
    const error = await client.submit(rocket).catch((raised: unknown) => raised);
    expect(error).toBeInstanceOf(ValidatrError);
    expect(error).toMatchObject({ status: 503, code: 'overloaded', message: 'Too many.' });
    expect(requests).toHaveLength(4);
  });

  it('never repeats a request that may have had its effect', async () => {
    const path = { params: { path: { id: ID } } };
    const lost = clientOf(null, accepted());
    await expect(lost.client.api.POST('/assets/{id}/retry', path)).rejects.toThrow('fetch failed');
    const unsure = clientOf(refused(503), accepted());
    expect((await unsure.client.api.POST('/assets/{id}/retry', path)).response.status).toBe(503);
    const limited = clientOf(refused(429), accepted());
    expect((await limited.client.api.POST('/assets/{id}/retry', path)).response.status).toBe(202);
  });

  it('does not sleep for an hour if Retry-After asks for it', async () => {
    const { client, requests } = clientOf(refused(429, '3600'), accepted());
    await expect(client.submit(rocket)).rejects.toMatchObject({ status: 429 });
    expect(requests).toHaveLength(1);
  });

  it('says who answered if it was not the API', async () => {
    const { client } = clientOf(new Response('<html>Bad gateway</html>', { status: 502 }));
    await expect(client.submit(rocket)).rejects.toMatchObject({ code: 'http_502', problem: null });
  });

  it('waits for a verdict no longer than it may', async () => {
    const client = createClient({
      baseUrl: 'http://127.0.0.1:9',
      fetch: () => Promise.resolve(Response.json({ id: ID, state: 'in_progress' })),
    });
    const begin = performance.now();
    await expect(client.waitForVerdict(ID, { timeoutMs: 150 })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    expectWithin(performance.now() - begin, 2_000);
  });

  it('stops waiting when it is told to', async () => {
    const { client, requests } = clientOf(refused(503, '60'), accepted());
    const signal = AbortSignal.timeout(50);
    await expect(client.submit(rocket, { signal })).rejects.toThrow('timeout');
    expect(requests).toHaveLength(1);
  });
});
