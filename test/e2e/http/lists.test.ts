import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { useStack } from './stack-under-test.ts';

const ON_PAGE = ['id', 'state', 'errors', 'path', 'policy', 'code', 'externalId', 'createdAt', 'finishedAt'];

interface Item {
  readonly id: string;
  readonly state: string;
  readonly createdAt: string;
}

describe('lists of assets', () => {
  const stack = useStack();

  async function submit(body: object, headers: Record<string, string> = {}): Promise<string> {
    const answer = await stack.client().call('POST', '/assets/image/', body, headers);
    expect(answer.status).toBe(202);
    return ((await answer.json()) as Item).id;
  }
  const page = (query: string) => stack.client().read<Item[]>(`/assets/?${query}`);
  const idsOf = async (query: string) => (await page(query)).map(({ id }) => id);
  const local = (path: string) => ({ assetPath: { location: 'local', path } });

  it('give back what the client calls an asset: in pages, details and the delivery log', async () => {
    const externalId = `order/${randomUUID()} ü`;
    const labels = { batch: '2026-11', 'customer.id': '7' };
    const notifications = { onSuccess: `${stack.baseUrl()}/echo/post` };
    const first = await submit({ ...local('./assets/rocket.jpg'), externalId, labels, notifications });
    await stack.client().verdict(first);
    // Several assets may have the same: the newest comes first.
    const second = await submit({ ...local('./assets/rocket.jpg'), externalId });
    await stack.client().verdict(second);

    const found = await page(`externalId=${encodeURIComponent(externalId)}`);
    expect(found.map(({ id }) => id)).toEqual([second, first]);
    expect(Object.keys(found[0] ?? {})).toEqual(ON_PAGE);
    expect(found[0]).toEqual({
      id: second,
      state: 'complete',
      errors: null,
      path: './assets/rocket.jpg',
      policy: 'default@1',
      code: null,
      externalId,
      createdAt: expect.any(String) as string,
      finishedAt: expect.any(String) as string,
    });
    expect(found[1]).toMatchObject({ externalId, labels });
    expect(await stack.client().read(`/assets/${first}/details`)).toMatchObject({ externalId, labels });
    expect(await stack.client().read(`/assets/${second}/details`)).toMatchObject({ externalId, labels: {} });
    expect(await stack.client().read(`/webhooks/deliveries?asset=${first}`)).toMatchObject([
      { assetId: first, externalId, labels },
    ]);
    expect(Object.keys((await stack.client().read<Item[]>('/assets'))[0] ?? {})).toEqual([
      'id',
      'state',
      'errors',
    ]);
  });

  it('take an idempotency key with the same names only, labels in any order', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const body = { ...local('x'), externalId: 'a', labels: { one: '1', two: '2' } };
    const id = await submit(body, key);
    expect(await submit({ ...body, labels: { two: '2', one: '1' } }, key)).toBe(id);
    for (const other of [{ externalId: 'b' }, { labels: { one: '1' } }]) {
      const answer = await stack.client().call('POST', '/assets/image/', { ...body, ...other }, key);
      expect(answer.status).toBe(422);
    }
  });

  it.each([
    ['externalId', { externalId: '' }],
    ['externalId', { externalId: 'x'.repeat(201) }],
    ['externalId', { externalId: 7 }],
    ['labels', { labels: ['x'] }],
    ['labels/a', { labels: { a: 1 } }],
    ['labels/a', { labels: { a: 'x'.repeat(201) } }],
    ['labels/a b', { labels: { 'a b': 'x' } }],
    ['labels', { labels: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`l${n}`, 'x'])) }],
  ])('refuse a submission with a wrong %s (%j)', async (pointer, names) => {
    const answer = await stack.client().call('POST', '/assets/image/', { ...local('x'), ...names });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ errors: [{ pointer: `/${pointer}` }] });
  });

  it('are filtered by state, code, policy, path, source and time, and by several of them', async () => {
    const batch = randomUUID();
    const good = await submit(local('./assets/rocket.jpg'));
    const missing = await submit(local(`./assets/${batch}/missing.jpg`));
    const wrong = await submit({ ...local('./assets/astronaut.png'), externalId: batch });
    for (const id of [good, missing, wrong]) await stack.client().verdict(id);

    const ids = await idsOf('limit=10');
    expect(ids.slice(0, 3)).toEqual([wrong, missing, good]);
    expect(await page(`path=./assets/${batch}/`)).toMatchObject([
      { id: missing, state: 'failed', code: 'asset_not_reachable', path: `./assets/${batch}/missing.jpg` },
    ]);
    expect((await idsOf('code=format_not_allowed&limit=1'))[0]).toBe(wrong);
    expect(await idsOf(`code=format_not_allowed&externalId=${batch}&source=local&state=failed`)).toEqual([
      wrong,
    ]);
    expect(await idsOf(`code=not_an_image&externalId=${batch}`)).toEqual([]);
    expect(await idsOf('policy=nobody@1')).toEqual([]);
    expect((await idsOf('policy=default@1')).slice(0, 3)).toEqual([wrong, missing, good]);
    const [, ofMissing] = await page('limit=2');
    const since = encodeURIComponent(ofMissing?.createdAt ?? '');
    expect(await idsOf(`since=${since}`)).toEqual([wrong, missing]);
    expect((await idsOf(`until=${since}&limit=1`))[0]).toBe(good);
    for (const query of [
      'code=unknown',
      'policy=default',
      'path=',
      'source=ftp',
      'since=yesterday',
      'externalId=',
    ])
      expect([query, (await stack.client().call('GET', `/assets/?${query}`)).status]).toEqual([query, 422]);
  });
});
