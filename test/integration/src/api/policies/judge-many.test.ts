import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVerdictArchive } from '../../../../../src/db/assets/verdict-archive.ts';
import type { ImageFacts } from '../../../../../src/domain/image-facts.ts';
import type { VerdictArchive } from '../../../../../src/domain/ports/policies.ts';
import { createBareApp } from '../../../../support/app.ts';
import { createTestClient } from '../../../../support/client.ts';
import { cloneDatabase, type TestDatabase } from '../../../../support/database.ts';
import { eventually } from '../../../../support/eventually.ts';
import { serve } from '../../../../support/serve.ts';

const UNKNOWN = '01900000-0000-7000-8000-000000000000';
const JPEG: ImageFacts = {
  format: 'JPEG',
  width: 10,
  height: 10,
  bytes: 100,
  sha256: 'ab'.repeat(32),
  integrity: { state: 'intact' },
};

interface Judgement {
  readonly assets: { readonly id: string }[];
  readonly notFound: string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly total: Readonly<Record<string, number>> | null;
  readonly next: string | null;
}

/** The API over these verdicts. */
async function serveArchive(verdicts: VerdictArchive) {
  const app = await serve(createBareApp({ verdicts }));
  const client = createTestClient(app.baseUrl);
  const ask = (body: object) => client.call('POST', '/policies/default/judge', body);
  return {
    ...app,
    client,
    ask,
    judge: async (body: object) => (await (await ask(body)).json()) as Judgement,
  };
}

describe('hundreds of stored assets', () => {
  let database: TestDatabase;
  let app: Awaited<ReturnType<typeof serveArchive>>;
  /** Newest first. */
  let ids: string[];

  beforeAll(async () => {
    database = await cloneDatabase();
    app = await serveArchive(createVerdictArchive(database.orm));
    const made = await database.query<{ id: string }>(
      `INSERT INTO assets (id, owner, location, path, state, finished_at, image)
       SELECT gen_random_uuid(), 'default', 'local', 'x', 'complete', now(), ? FROM generate_series(1, 230)
       RETURNING id`,
      [JSON.stringify(JPEG)],
    );
    ids = made
      .map(({ id }) => id)
      .toSorted()
      .toReversed();
  });
  afterAll(async () => {
    app.close();
    await database?.drop();
  });

  it('are judged page by page, each once', async () => {
    const first = await app.judge({ limit: 130 });
    expect(first.assets.map(({ id }) => id)).toEqual(ids.slice(0, 130));
    expect([first.counts['complete'], first.next]).toEqual([130, ids[129]]);
    expect(first.total?.['complete']).toBe(230);
    const second = await app.judge({ limit: 100, cursor: first.next });
    expect(second.assets.map(({ id }) => id)).toEqual(ids.slice(130));
    expect([second.counts['complete'], second.next]).toEqual([100, ids.at(-1)]);
    expect(await app.judge({ limit: 100, cursor: second.next })).toMatchObject({ assets: [], next: null });
  });

  it('are read by four requests of a tenant at once, and a fifth is told when to come again', async () => {
    const archive = createVerdictArchive(database.orm);
    const mayRead = Promise.withResolvers<void>();
    let begun = 0;
    const busy = await serveArchive({
      ...archive,
      async page(...which) {
        begun += 1;
        await mayRead.promise;
        return archive.page(...which);
      },
    });
    const asked = Array.from({ length: 4 }, () => busy.judge({ limit: 1 }));
    await eventually(() => begun === 4, { what: 'four scans' });
    const refused = await busy.ask({ limit: 1 });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
    expect(await refused.json()).toMatchObject({ type: 'urn:validatr:error:too_many_at_once' });
    // Named assets are few.
    expect((await busy.judge({ assets: ids.slice(0, 1) })).counts['complete']).toBe(1);
    mayRead.resolve();
    for (const { total } of await Promise.all(asked)) expect(total?.['complete']).toBe(230);
    expect((await busy.judge({ limit: 1 })).total?.['complete']).toBe(230);
    busy.close();
  });

  it('are judged by id, newest first, each once', async () => {
    const named = await app.judge({ assets: [...ids.toReversed(), UNKNOWN, ...ids.slice(0, 9)] });
    expect(named.assets.map(({ id }) => id)).toEqual(ids);
    expect([named.counts['complete'], named.notFound, named.next]).toEqual([230, [UNKNOWN], null]);
  });
});

describe('an answer whose reader has gone', () => {
  it('is not computed further', async () => {
    let blocks = 0;
    const app = await serveArchive({
      page(_tenant, { limit }) {
        blocks += 1;
        const row = { state: 'complete' as const, policy: 'x@1', findings: [], steps: [], image: null };
        const rows = Array.from({ length: limit }, (_, at) => ({ ...row, id: `${blocks}-${at}` }));
        // As a database does, it leaves time for other things.
        return new Promise((resolve) => setImmediate(resolve, rows));
      },
      find: () => Promise.resolve([]),
    });
    const answer = await app.ask({ limit: 1 });
    await eventually(() => blocks > 10, { what: 'a count that goes on' });
    await answer.body?.cancel();
    let before = -1;
    await eventually(
      () => {
        const isAtRest = blocks === before;
        before = blocks;
        return isAtRest;
      },
      { what: 'the end of the count' },
    );
    app.close();
  });
});

describe('an answer that nobody reads', () => {
  it('is not computed: assets are judged only as fast as the connection takes them', async () => {
    let read = 0;
    const app = await serveArchive({
      page(_tenant, { limit }) {
        const rows = Array.from({ length: Math.min(limit, 500 - read) }, (_, at) => ({
          id: `${read + at}`,
          state: 'failed' as const,
          policy: 'loud@1',
          findings: [
            {
              code: 'not_an_image' as const,
              step: null,
              key: 'asset',
              message: 'x'.repeat(100_000),
              measured: null,
            },
          ],
          steps: [],
          image: null,
        }));
        read += rows.length;
        return Promise.resolve(rows);
      },
      find: () => Promise.resolve([]),
    });
    const answer = await app.ask({ limit: 500 });
    // Enough turns of the event loop to finish without a slow reader.
    for (let turn = 0; turn < 50; turn += 1)
      expect((await app.client.call('GET', '/healthz')).status).toBe(200);
    const unread = read;
    expect(unread).toBeLessThan(500);
    expect(((await answer.json()) as Judgement).assets).toHaveLength(500);
    app.close();
  });
});
