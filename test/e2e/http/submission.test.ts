import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createTestClient } from '../../support/client.ts';
import { useStack } from './stack-under-test.ts';

const CLIENTS = 50;

describe('submitting', () => {
  const stack = useStack();
  const rocket = { assetPath: { location: 'local', path: './assets/rocket.jpg' } };

  const submit = (headers: Record<string, string>, body: object = rocket): Promise<Response> =>
    createTestClient(stack.baseUrl()).call('POST', '/assets/image/', body, headers);

  it('makes one asset for one Idempotency-Key, however many clients use it at once', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const answers = await Promise.all(Array.from({ length: CLIENTS }, () => submit(key)));
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([202]));
    const bodies = new Set(await Promise.all(answers.map((answer) => answer.text())));
    expect(bodies.size).toBe(1);
    const later = await submit(key);
    const { id } = (await later.json()) as { id: string };
    expect([...bodies]).toEqual([`{"id":"${id}","state":"queued"}`]);
    expect(later.headers.get('location')).toBe(`/assets/${id}`);
  });

  it('refuses a key that came with another request, and an invalid key', async () => {
    const key = { 'idempotency-key': randomUUID() };
    expect((await submit(key)).status).toBe(202);
    const other = await submit(key, { assetPath: { location: 'local', path: './assets/retina.jpg' } });
    expect(await other.json()).toMatchObject({
      status: 422,
      type: 'urn:validatr:error:idempotency_key_reused',
    });
    for (const wrong of ['with blank', 'x'.repeat(256)])
      expect((await submit({ 'idempotency-key': wrong })).status).toBe(422);
  });

  it('holds the answer for the verdict when the client prefers to wait', async () => {
    const answer = await submit({ prefer: 'respond-async, wait=20' });
    expect([answer.status, answer.headers.get('preference-applied')]).toEqual([200, 'wait=20']);
    expect(await answer.json()).toMatchObject({ state: 'complete', attempt: 1, image: { format: 'JPEG' } });
  });

  it("answers as usual when the client's wait is over, and bounds the wait to 30 s", async () => {
    const answer = await submit({ prefer: 'wait=0' });
    expect([answer.status, answer.headers.get('preference-applied')]).toEqual([202, 'wait=0']);
    const bounded = await submit({ prefer: 'wait=3600' });
    expect([bounded.status, bounded.headers.get('preference-applied')]).toEqual([200, 'wait=30']);
  });

  const wrong = () => ({
    assetPath: { location: 'local', path: './assets/missing.jpg' },
    notifications: {
      onStart: 'wat',
      onCancel: 'ftp://127.0.0.1/',
      onSuccess: `${stack.baseUrl()}/echo/post`,
    },
  });

  it('is refused for all faults that can be known at once if the client prefers strict handling', async () => {
    const answer = await submit({ prefer: 'wait=5, Handling="strict"' }, wrong());
    expect([answer.status, answer.headers.get('preference-applied')]).toEqual([
      422,
      'handling=strict, wait=5',
    ]);
    expect(await answer.json()).toMatchObject({
      type: 'urn:validatr:error:invalid_request',
      errors: [
        { pointer: '/assetPath/path', code: 'asset_not_reachable', detail: 'Asset path is not reachable.' },
        { pointer: '/notifications/onStart', code: 'webhook_url_invalid', detail: '`wat`is not a valid URL' },
        {
          pointer: '/notifications/onCancel',
          code: 'webhook_url_invalid',
          detail: '`ftp://127.0.0.1/`is not a valid URL',
        },
      ],
    });
    expect((await submit({ prefer: 'handling=lenient' }, wrong())).status).toBe(202);
  });

  it('goes through strict handling when nothing is wrong, with or without a wait', async () => {
    const good = { ...rocket, notifications: { onSuccess: `${stack.baseUrl()}/echo/post` } };
    const accepted = await submit({ prefer: 'handling=strict' }, good);
    expect([accepted.status, accepted.headers.get('preference-applied')]).toEqual([202, 'handling=strict']);
    const waited = await submit({ prefer: 'handling=strict, wait=20' }, good);
    expect([waited.status, waited.headers.get('preference-applied')]).toEqual([
      200,
      'handling=strict, wait=20',
    ]);
    expect(await waited.json()).toMatchObject({ state: 'complete' });
  });

  it('does not use up its Idempotency-Key when it is refused; once accepted it is never refused', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const strict = { ...key, prefer: 'handling=strict' };
    expect((await submit(strict, wrong())).status).toBe(422);
    const accepted = await submit(key, wrong());
    expect(accepted.status).toBe(202);
    const again = await submit(strict, wrong());
    expect([again.status, await again.text()]).toEqual([202, await accepted.text()]);
  });
});
