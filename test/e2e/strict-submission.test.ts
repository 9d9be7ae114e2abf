import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient, type TestClient } from '../support/client.ts';
import { type Stack, startStack } from '../support/stack.ts';

describe('a strict submission to a stack whose webhooks reach public addresses only', () => {
  let stack: Stack;
  let client: TestClient;

  beforeAll(async () => {
    stack = await startStack({ EGRESS_ALLOW: '' });
    client = createTestClient(stack.baseUrl);
  });
  afterAll(() => stack?.stop());

  it('is refused for forbidden addresses, given as numbers or by name', async () => {
    const answer = await client.call(
      'POST',
      '/assets/image/',
      {
        assetPath: { location: 'local', path: './assets/rocket.jpg' },
        notifications: {
          onStart: 'http://127.0.0.1:9/',
          onSuccess: 'http://localhost:9/',
          onFailure: 'http://2130706433:9/',
        },
      },
      { prefer: 'handling=strict', 'idempotency-key': randomUUID() },
    );
    expect([answer.status, answer.headers.get('preference-applied')]).toEqual([422, 'handling=strict']);
    const { errors } = (await answer.json()) as { errors: { pointer: string; code: string }[] };
    expect(errors.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      '/notifications/onStart address_forbidden',
      '/notifications/onSuccess address_forbidden',
      '/notifications/onFailure address_forbidden',
    ]);
    expect(await client.read('/assets/')).toEqual([]);
  });
});
