import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { startReceiver } from '../../support/receiver.ts';
import { useStack } from './stack-under-test.ts';

const DIMENSIONS =
  'Image dimensions must have a width and height smaller than 1000px. The provided image has dimensions of ';

/** The verdicts that SOURCES.md of the samples promises, in the contract's words. */
const SAMPLES: [string, string, Record<string, string[]> | undefined][] = [
  ['rocket.jpg', 'complete', undefined],
  ['hubble_deep_field.jpg', 'complete', undefined],
  ['retina.jpg', 'failed', { asset: [`${DIMENSIONS}1411x1411px.`] }],
  ['astronaut.png', 'failed', { asset: ['Assets must be a JPEG, the provided image is a PNG'] }],
  ['chelsea.png', 'failed', { asset: ['Assets must be a JPEG, the provided image is a PNG'] }],
  ['not-an-image.jpg', 'failed', { asset: ['Asset is not an image.'] }],
];

describe('verdicts over HTTP', () => {
  const stack = useStack();

  it.each(SAMPLES)('judges %s as %s within 2 s', async (name, state, errors) => {
    const client = stack.client();
    const id = await client.submit(`./assets/${name}`);
    const asset = await client.verdict(id, 2_000);
    expect(asset).toEqual(errors === undefined ? { id, state } : { id, state, errors });
  });

  it.each([
    ['./assets/missing.jpg', 'not_found'],
    ['./assets', 'not_a_file'],
    ['/etc/passwd', 'outside_roots'],
    ['./assets/../package.json', 'outside_roots'],
  ])('reports %s under onStart as not reachable, with the cause %s in details', async (path, cause) => {
    const client = stack.client();
    const id = await client.submit(path);
    expect((await client.verdict(id)).errors).toEqual({ onStart: ['Asset path is not reachable.'] });
    expect(await client.read(`/assets/${id}/details`)).toMatchObject({
      findings: [{ code: 'asset_not_reachable', measured: { cause } }],
    });
  });

  it('reports bad webhook URLs and a bad image together, byte for byte', async () => {
    const client = stack.client();
    const id = await client.submit('./assets/not-an-image.jpg', {
      onStart: 'wat',
      onSuccess: '',
      onFailure: 'https://user:secret@example.com/hook',
      onCancel: 'ftp://example.com',
    });
    expect((await client.verdict(id)).errors).toEqual({
      onStart: ['`wat`is not a valid URL'],
      onSuccess: ['``is not a valid URL'],
      onFailure: ['`https://user:***@example.com/hook`is not a valid URL'],
      onCancel: ['`ftp://example.com`is not a valid URL'],
      asset: ['Asset is not an image.'],
    });
  });

  it('puts an invalid onStart URL before an unreachable path under the same key', async () => {
    const client = stack.client();
    const { errors } = await client.verdict(await client.submit('./assets/missing.jpg', { onStart: 'wat' }));
    expect(errors).toEqual({ onStart: ['`wat`is not a valid URL', 'Asset path is not reachable.'] });
  });

  it.each([
    ['every key', {}],
    ['notifications', undefined],
    ['every value', { onStart: null, onSuccess: null, onFailure: null, onCancel: null }],
  ])('does without %s', async (_what, notifications) => {
    const client = stack.client();
    const id = await client.submit('./assets/rocket.jpg', notifications);
    expect(await client.verdict(id)).toEqual({ id, state: 'complete' });
  });

  it('tells the webhooks of start and end with exact bodies, in order', async () => {
    const client = stack.client();
    const receiver = await startReceiver();
    try {
      const urls = {
        onStart: `${receiver.url}/start`,
        onSuccess: `${receiver.url}/success`,
        onFailure: `${receiver.url}/failure`,
      };
      const good = await client.submit('./assets/rocket.jpg', urls);
      await eventually(() => receiver.events.length === 2);
      expect(receiver.events.map(({ path, body }) => [path, body])).toEqual([
        ['/start', `{"id":"${good}","state":"in_progress"}`],
        ['/success', `{"id":"${good}","state":"complete"}`],
      ]);
      expect(receiver.events[0]?.headers['content-type']).toBe('application/json');
      receiver.events.length = 0;

      const bad = await client.submit('./assets/not-an-image.jpg', urls);
      await eventually(() => receiver.events.length === 2);
      expect(receiver.events.map(({ path, body }) => [path, body])).toEqual([
        ['/start', `{"id":"${bad}","state":"in_progress"}`],
        ['/failure', `{"id":"${bad}","state":"failed","errors":{"asset":["Asset is not an image."]}}`],
      ]);
    } finally {
      await receiver.close();
    }
  });

  it('explains a verdict in details: steps, findings, image, deliveries, workflow', async () => {
    const client = stack.client();
    const id = await client.submit('./assets/astronaut.png', {
      onSuccess: 'https://example.com/token-in-path',
    });
    await client.verdict(id);
    const details = await client.read<Record<string, unknown>>(`/assets/${id}/details`);
    expect(details).toMatchObject({
      id,
      state: 'failed',
      attempt: 1,
      asset: { location: 'local', path: './assets/astronaut.png' },
      image: { format: 'PNG', width: 512, height: 512, bytes: 791_555 },
      findings: [
        { code: 'format_not_allowed', step: 'checkIsJpeg', key: 'asset', measured: { format: 'PNG' } },
      ],
      deliveries: [],
      workflowId: `asset-${id}`,
    });
    const steps = details['steps'] as { name: string; state: string; attempts: number; durationMs: number }[];
    expect(steps.map(({ name, state }) => [name, state])).toEqual([
      ['checkWebhookUrls', 'passed'],
      ['checkAssetReachable', 'passed'],
      ['checkIsImage', 'passed'],
      ['checkIsJpeg', 'failed'],
      ['checkDimensions', 'passed'],
    ]);
    expect(steps.every(({ attempts, durationMs }) => attempts >= 1 && durationMs >= 0)).toBe(true);
    expect(JSON.stringify(details)).not.toContain('token-in-path');
  });

  it("skips the steps that can't run after an earlier failure", async () => {
    const client = stack.client();
    const id = await client.submit('./assets/missing.jpg');
    await client.verdict(id);
    const { steps } = await client.read<{ steps: { state: string }[] }>(`/assets/${id}/details`);
    expect(steps.map(({ state }) => state)).toEqual(['passed', 'failed', 'skipped', 'skipped', 'skipped']);
  });

  it('answers live from the database once the asset is terminal', async () => {
    const client = stack.client();
    const id = await client.submit('./assets/rocket.jpg');
    await client.verdict(id);
    expect(await client.read(`/assets/${id}/live`)).toMatchObject({
      id,
      state: 'complete',
      attempt: 1,
      source: 'database',
    });
  });
});
