import { afterAll, beforeAll } from 'vitest';
import { createTestClient, type TestClient } from '../../support/client.ts';
import { startStack } from '../../support/stack.ts';

/** The stack that `BASE_URL` names, or one started for this file. */
export function useStack(): { client: () => TestClient; baseUrl: () => string } {
  let baseUrl = process.env['BASE_URL']?.replace(/\/$/, '') ?? '';
  let stop: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    if (baseUrl !== '') return;
    const stack = await startStack();
    baseUrl = stack.baseUrl;
    stop = stack.stop;
  });
  afterAll(() => stop?.());

  return { client: () => createTestClient(baseUrl), baseUrl: () => baseUrl };
}
