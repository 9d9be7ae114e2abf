import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBareApp } from '../../../../support/app.ts';
import { serve } from '../../../../support/serve.ts';

describe('a refusal', () => {
  let app: Awaited<ReturnType<typeof serve>>;

  beforeAll(async () => {
    app = await serve(createBareApp());
  });
  afterAll(() => app.close());

  async function answerTo(sent: ClientRequest): Promise<IncomingMessage> {
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.resume();
    return answer;
  }

  /** Without an agent Node would ask to close the connection. */
  const open = (method: string, path: string, headers = {}) =>
    request(app.baseUrl + path, { method, headers: { ...headers, connection: 'keep-alive' } });

  it.each([
    ['GET', '/nothing-here', 404],
    ['PATCH', '/healthz', 405],
    ['GET', '/assets/no-id', 404],
  ])('keeps the connection of a request without a body: %s %s', async (method, path, status) => {
    const answer = await answerTo(open(method, path).end());
    expect([answer.statusCode, answer.headers.connection]).toEqual([status, 'keep-alive']);
  });

  it('closes the connection while the body is still on its way', async () => {
    const sent = open('POST', '/nothing-here', { 'content-length': '1000' });
    sent.on('error', () => undefined);
    sent.write('the beginning');
    const answer = await answerTo(sent);
    expect([answer.statusCode, answer.headers.connection]).toEqual([404, 'close']);
    sent.destroy();
  });
});
