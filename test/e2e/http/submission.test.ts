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

  it('makes one asset of one Idempotency-Key, however many clients use it at once', async () => {
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

  it('refuses a key that came with another request, and one that is none', async () => {
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

  it('answers as usual when the time that the client has is over, and bounds it to 30 s', async () => {
    const answer = await submit({ prefer: 'wait=0' });
    expect([answer.status, answer.headers.get('preference-applied')]).toEqual([202, 'wait=0']);
    const bounded = await submit({ prefer: 'wait=3600' });
    expect([bounded.status, bounded.headers.get('preference-applied')]).toEqual([200, 'wait=30']);
  });
});
