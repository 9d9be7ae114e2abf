import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBareApp } from '../support/app.ts';
import { type BrowserPage, findChromium, openPage } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { serve } from '../support/serve.ts';

const chromium = findChromium();

describe.skipIf(chromium === undefined)('/docs in a real browser (skipped without Chromium)', () => {
  let app: Awaited<ReturnType<typeof serve>>;
  let page: BrowserPage;

  beforeAll(async () => {
    app = await serve(createBareApp());
    page = await openPage(chromium ?? '');
  });
  afterAll(async () => {
    await page.close();
    app.close();
  });

  it('shows every operation, with no error, and asks no other host', async () => {
    await page.call('Page.navigate', { url: `${app.baseUrl}/docs` });
    const shown = await eventually(
      async () => {
        const text = String(await page.evaluate('document.body.innerText'));
        return text.includes('/webhooks/endpoints') && text.includes('/openapi.json') && text;
      },
      { what: 'the operations' },
    );
    for (const path of ['/assets/image', '/assets/{id}/details', '/webhooks/test', '/healthz'])
      expect(shown).toContain(path);
    const errors = page.events.filter(
      ({ method, params }) =>
        method === 'Runtime.exceptionThrown' ||
        (method === 'Log.entryAdded' &&
          (params?.['entry'] as { level: string } | undefined)?.level === 'error'),
    );
    expect(errors).toEqual([]);
    const asked = page.events.flatMap(({ method, params }) =>
      method === 'Network.requestWillBeSent'
        ? [(params?.['request'] as { url: string } | undefined)?.url ?? '']
        : [],
    );
    expect(asked.length).toBeGreaterThan(4);
    expect(asked.filter((url) => !url.startsWith(`${app.baseUrl}/`) && !url.startsWith('data:'))).toEqual([]);
    const screenshot = process.env['SCREENSHOT'];
    if (screenshot === undefined) return;
    const { data } = await page.call('Page.captureScreenshot', { captureBeyondViewport: true });
    await writeFile(screenshot, String(data), 'base64');
  });
});
