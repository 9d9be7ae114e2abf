import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { useStack } from './stack-under-test.ts';

describe('cancel and retry over HTTP', () => {
  const stack = useStack();

  it('refuses to cancel a terminal asset', async () => {
    const client = stack.client();
    const id = await client.submit('./assets/rocket.jpg');
    await client.verdict(id);
    const answer = await client.call('POST', `/assets/${id}/cancel`, { reason: 'too late' });
    expect(answer.status).toBe(409);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  it('deletes a terminal asset, and repeats the first answer to its idempotency key', async () => {
    const client = stack.client();
    const key = randomUUID();
    const submit = (prefer: Record<string, string>) =>
      client.call(
        'POST',
        '/assets/image/',
        { assetPath: { location: 'local', path: './assets/rocket.jpg' } },
        { 'idempotency-key': key, ...prefer },
      );
    const { id } = (await (await submit({})).json()) as { id: string };
    await client.verdict(id);
    const answer = await client.call('DELETE', `/assets/${id}`);
    expect([answer.status, await answer.text()]).toEqual([204, '']);
    expect((await client.call('DELETE', `/assets/${id}/`)).status).toBe(404);
    expect((await client.call('GET', `/assets/${id}`)).status).toBe(404);
    // There is no verdict to wait for, so the answer comes at once.
    const again = await submit({ prefer: 'wait=30' });
    expect([again.status, await again.json()]).toEqual([202, { id, state: 'queued' }]);
  });

  it('validates again after a retry, as a new attempt', async () => {
    const client = stack.client();
    const id = await client.submit('./assets/retina.jpg');
    await client.verdict(id);
    const answer = await client.call('POST', `/assets/${id}/retry`);
    expect(answer.status).toBe(202);
    expect(await answer.json()).toEqual({ id, state: 'queued' });
    await client.verdict(id);
    expect(await client.read(`/assets/${id}/details`)).toMatchObject({ state: 'failed', attempt: 2 });
  });

  it('keeps earlier attempts, each with its verdict, and gives them in pages', async () => {
    const client = stack.client();
    const id = await client.submit('./assets/retina.jpg');
    await client.verdict(id);
    await client.call('POST', `/assets/${id}/retry`);
    await client.verdict(id);
    const attempts = await client.read<readonly object[]>(`/assets/${id}/attempts`);
    expect(attempts).toMatchObject([
      { attempt: 2, state: 'failed', policy: 'default@1', findings: [{ code: 'dimensions_too_large' }] },
      { attempt: 1, state: 'failed', policy: 'default@1', findings: [{ code: 'dimensions_too_large' }] },
    ]);
    const page = await client.call('GET', `/assets/${id}/attempts?limit=1`);
    expect(await page.json()).toEqual([attempts[0]]);
    expect(page.headers.get('link')).toBe(`</assets/${id}/attempts?limit=1&cursor=2>; rel="next"`);
    expect(await client.read(`/assets/${id}/attempts?limit=1&cursor=2`)).toEqual([attempts[1]]);
    expect((await client.call('GET', `/assets/${id}/attempts?before=2`)).status).toBe(422);
  });

  it('accepts a cancel with any outcome but a half state', async () => {
    const client = stack.client();
    const id = await client.submit('./assets/rocket.jpg');
    const { status } = await client.call('POST', `/assets/${id}/cancel`, { reason: 'changed my mind' });
    expect([202, 409]).toContain(status);
    expect(['complete', 'canceled']).toContain((await client.verdict(id)).state);
  });

  it('accepts a cancel without a body, but not with an odd one', async () => {
    const client = stack.client();
    const id = await client.submit('./assets/rocket.jpg');
    expect([202, 409]).toContain((await client.call('POST', `/assets/${id}/cancel`)).status);
    expect((await client.call('POST', `/assets/${id}/cancel`, { reason: 1 })).status).toBe(422);
  });
});
