import { describe, expect, it } from 'vitest';
import { createPreflight } from '../../../../../src/api/assets/preflight.ts';
import { describeAssetPath } from '../../../../../src/domain/sources/asset-path.ts';
import { AppError } from '../../../../../src/domain/errors.ts';
import type { AssetSource } from '../../../../../src/domain/ports/sources.ts';

let opened = 0;
const source: AssetSource = {
  stat(assetPath) {
    const path = describeAssetPath(assetPath);
    if (path === 'trouble') return Promise.reject(new AppError('storage_unavailable'));
    return Promise.resolve(path === 'there' ? { bytes: 1 } : { unreachable: 'not_found' });
  },
  fetch: () => Promise.reject(new Error('the preflight fetches nothing')),
  release: () => Promise.resolve(),
  open() {
    opened += 1;
    return Promise.resolve({ unreachable: 'not_found' });
  },
};
const asked: string[] = [];
const preflight = createPreflight({
  source,
  judgeHost(host) {
    asked.push(host);
    return Promise.resolve(
      host === 'inside.example' ? 'forbidden' : host === 'lost.example' ? 'unknown' : 'allowed',
    );
  },
});
const local = (path: string) => ({ location: 'local', path }) as const;

describe('the preflight', () => {
  it('finds no fault in a submission that may be right, and leaves no file open', async () => {
    const notifications = { onStart: 'https://a.example/1', onSuccess: 'https://lost.example/2' };
    expect(await preflight('tenant', { assetPath: local('there'), notifications })).toEqual([]);
    expect(opened).toBe(0);
  });

  it('names all faults at once, in the words of the pipeline', async () => {
    const notifications = {
      onStart: 'wat',
      onSuccess: 'https://inside.example/secret',
      onFailure: '',
      onCancel: 'https://user:hunter2@a.example/',
    };
    expect(await preflight('tenant', { assetPath: local('missing'), notifications })).toEqual([
      {
        pointer: '/assetPath/path',
        code: 'asset_not_reachable',
        detail: 'Asset path is not reachable.',
        cause: 'not_found',
      },
      { pointer: '/notifications/onStart', code: 'webhook_url_invalid', detail: '`wat`is not a valid URL' },
      {
        pointer: '/notifications/onSuccess',
        code: 'address_forbidden',
        detail: 'Webhooks may not reach this address.',
      },
      { pointer: '/notifications/onFailure', code: 'webhook_url_invalid', detail: '``is not a valid URL' },
      {
        pointer: '/notifications/onCancel',
        code: 'webhook_url_invalid',
        detail: '`https://user:***@a.example/`is not a valid URL',
      },
    ]);
  });

  it('looks each host up once', async () => {
    asked.length = 0;
    const url = 'https://a.example/';
    await preflight('tenant', {
      assetPath: local('there'),
      notifications: { onStart: url, onSuccess: url, onFailure: `${url}x`, onCancel: 'https://b.example' },
    });
    expect(asked).toEqual(['a.example', 'b.example']);
  });

  it('reports trouble of the storage as trouble, not as a fault of the asset', async () => {
    await expect(
      preflight('tenant', { assetPath: local('trouble'), notifications: {} }),
    ).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
  });
});
