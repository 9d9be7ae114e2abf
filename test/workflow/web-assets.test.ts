import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCheckAssetReachable } from '../../activities/check-asset-reachable.ts';
import { createWrap } from '../../activities/failure.ts';
import { timed } from '../../activities/step.ts';
import { createAddressGuard } from '../../src/network/address-guard.ts';
import { createLookup } from '../../src/network/names/lookup.ts';
import { createSource } from '../../src/sources/create-source.ts';
import { createFetchPlaces } from '../../src/sources/fetch-places.ts';
import { createHttpSource } from '../../src/sources/http.ts';
import { createStagedSource } from '../../src/sources/staged-source.ts';
import { createStaging, type Staging } from '../../src/sources/staging.ts';
import { eventually } from '../support/eventually.ts';
import { startWebServer, type WebServer } from '../support/stand-ins/web-server.ts';
import { fairWeather, openWorkflowLab, recordHistory, type WorkflowLab } from '../support/workflow-lab.ts';

const MAX_BYTES = 1024 * 1024;

describe('validateAsset with an asset behind a URL', () => {
  let lab: WorkflowLab;
  let server: WebServer;
  let dir: string;
  let staging: Staging;
  let answer: RequestListener;
  let requests: number[];

  beforeAll(async () => {
    lab = await openWorkflowLab();
    dir = await mkdtemp(join(tmpdir(), 'validatr-staging-'));
    staging = await createStaging(dir, () => undefined);
    server = await startWebServer((req, res) => {
      requests.push(performance.now());
      answer(req, res);
    });
  });
  afterAll(async () => {
    await lab?.stop();
    await server?.close();
    await staging?.close();
    await rm(dir, { recursive: true, force: true });
  });
  beforeEach(() => {
    requests = [];
  });

  /** The step that fetches is the real one. */
  function activities() {
    const remote = createHttpSource({
      isAllowed: createAddressGuard(['127.0.0.0/8']),
      lookup: createLookup({ servers: [] }),
      maxBytes: MAX_BYTES,
    });
    const bounds = { maxBytes: MAX_BYTES, headBytes: 1024 };
    const http = createStagedSource(remote, staging, { places: createFetchPlaces(), bounds });
    const url = `${server.url}/seeded-path?sig=seeded-query`;
    const check = createCheckAssetReachable({
      source: createSource({ http }, staging.release),
      validations: { readAssetPath: () => Promise.resolve({ location: 'http', url }) },
    });
    return { ...fairWeather(), checkAssetReachable: createWrap(() => undefined)(timed(check)) };
  }

  it('goes on with a regular activity when its server is in trouble, and no URL stands in the history', async () => {
    answer = (_req, res) => void (requests.length <= 2 ? res.writeHead(503).end() : res.end('a picture'));
    await lab.withActivities(activities(), async () => {
      const validation = await lab.start({ assetId: 'web-trouble', assetPath: { location: 'http' } });
      expect(await validation.result()).toMatchObject({ outcome: 'finished', state: 'complete' });
      expect(requests).toHaveLength(3);
      const history = await lab.client.workflow.getHandle(validation.workflowId).fetchHistory();
      const text = JSON.stringify(history, (_key, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString() : value,
      );
      expect(text).toContain('http_503');
      expect(text).not.toContain('seeded');
      await recordHistory(lab.client, validation.workflowId, 'web-asset');
    });
  });

  it('leaves a server that hangs when the time of the local try is over, and fetches again', async () => {
    answer = (_req, res) => void (requests.length === 1 ? res.write('x') : res.end('a picture'));
    await lab.withActivities(activities(), async () => {
      const validation = await lab.start({ assetId: 'web-hangs', assetPath: { location: 'http' } });
      expect(await validation.result()).toMatchObject({ outcome: 'finished', state: 'complete' });
      await eventually(() => server.open.size === 0, { what: 'the end of the first request' });
      // The pace alone would have ended it after 20 s.
      expect(performance.now() - (requests[0] ?? 0)).toBeLessThan(20_000);
      const { runId } = await lab.client.workflow.getHandle(validation.workflowId).describe();
      const files = (await readdir(dir, { recursive: true })).filter((name) => name.includes(runId));
      expect(files).toHaveLength(1);
    });
  });

  it('waits as long as its server asks for', async () => {
    answer = (_req, res) => void res.writeHead(429, { 'retry-after': '900' }).end();
    await lab.withActivities(activities(), async () => {
      const validation = await lab.start({ assetId: 'web-asks', assetPath: { location: 'http' } });
      const handle = lab.client.workflow.getHandle(validation.workflowId);
      const waitMs = await eventually(
        async () => {
          const { raw } = await handle.describe();
          const [pending] = raw.pendingActivities ?? [];
          const { currentRetryInterval, lastFailure } = pending ?? {};
          return lastFailure?.message?.includes('http_429') === true
            ? Number(currentRetryInterval?.seconds)
            : undefined;
        },
        { what: 'a regular activity that waits' },
      );
      expect(waitMs).toBe(900);
      await handle.terminate();
    });
  });
});
