import createFetchClient, { type Client as FetchClient } from 'openapi-fetch';
import { ValidatrError } from './error.ts';
import { fetchWithRetries, wait } from './retry.ts';
import type {
  Asset,
  AssetOnPage,
  Delivery,
  Judgement,
  JudgeRequest,
  operations,
  paths,
  Policy,
  PolicyRequest,
  QueuedAsset,
  Submission,
} from './schema.ts';

/** Items of one page. The API allows no more. */
const PAGE_LIMIT = 500;

/** Milliseconds between two looks while waiting for a verdict. The pause grows from the first value to the last. */
const FIRST_LOOK_MS = 100;
const LAST_LOOK_MS = 2_000;

/** Five minutes. It is longer than the one minute after which a used-up quota is back. */
const DEFAULT_TIMEOUT_MS = 300_000;

export interface ClientOptions {
  /** URL of the API, such as `http://127.0.0.1:8000`. */
  readonly baseUrl: string;
  /** `vk_…`. Leave it out if the API needs no key. */
  readonly apiKey?: string | undefined;
  /** How often a request that is safe to repeat is sent again. The default is 5 times. */
  readonly maxRetries?: number;
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** An asset in a terminal state. */
export type Verdict = Asset & { readonly state: 'complete' | 'failed' | 'canceled' };

type Query<Operation extends keyof operations> = NonNullable<operations[Operation]['parameters']['query']>;

export interface Client {
  /** Every operation, typed: `client.api.GET('/assets/{id}/details', { params: { path: { id } } })`. */
  readonly api: FetchClient<paths>;
  /** Submits with an `Idempotency-Key`, by default a random one. So several tries make one asset. */
  submit(
    submission: Submission,
    options?: { idempotencyKey?: string; signal?: AbortSignal },
  ): Promise<QueuedAsset>;
  /** Waits for a terminal state. @throws a `TimeoutError` after `timeoutMs`; the default is five minutes */
  waitForVerdict(id: string, options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<Verdict>;
  /** All matching assets, newest first, page by page. */
  assets(query?: Omit<Query<'listAssets'>, 'cursor'>): AsyncGenerator<AssetOnPage, void, undefined>;
  /** All deliveries, newest first, page by page. */
  deliveries(query?: Omit<Query<'listDeliveries'>, 'cursor'>): AsyncGenerator<Delivery, void, undefined>;
  /** Makes the next version of a policy. If the latest version has the same rules, returns that one. */
  addPolicy(name: string, rules: PolicyRequest['rules']): Promise<Policy>;
  /** Asks what the policy would decide about stored assets. `next` of the answer is the `cursor` of the next page. */
  judge(name: string, request?: JudgeRequest): Promise<Judgement>;
}

export function createClient({
  baseUrl,
  apiKey,
  maxRetries = 5,
  fetch = (request) => globalThis.fetch(request),
}: ClientOptions): Client {
  const api = createFetchClient<paths>({
    baseUrl,
    fetch: fetchWithRetries(fetch, maxRetries),
    ...(apiKey === undefined ? {} : { headers: { authorization: `Bearer ${apiKey}` } }),
  });

  return {
    api,

    async submit(submission, { idempotencyKey = crypto.randomUUID(), signal } = {}) {
      const answer = await api.POST('/assets/image', {
        params: { header: { 'Idempotency-Key': idempotencyKey } },
        body: submission,
        signal: signal ?? null,
      });
      const { id } = dataOf(answer);
      return { id, state: 'queued' };
    },

    async waitForVerdict(id, { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = {}) {
      const timeout = AbortSignal.timeout(timeoutMs);
      const until = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
      for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 1.5, LAST_LOOK_MS)) {
        const asset = dataOf(await api.GET('/assets/{id}', { params: { path: { id } }, signal: until }));
        if (isVerdict(asset)) return asset;
        await wait(pauseMs, until);
      }
    },

    assets: (query) =>
      eachOf(
        // With a parameter, the answer is always a page.
        (cursor) =>
          api.GET('/assets', { params: { query: { limit: PAGE_LIMIT, ...query, ...cursor } } }) as Promise<
            Answer<AssetOnPage[]>
          >,
      ),

    deliveries: (query) =>
      eachOf((cursor) =>
        api.GET('/webhooks/deliveries', { params: { query: { limit: PAGE_LIMIT, ...query, ...cursor } } }),
      ),

    // A function of its own, because the generic `api.POST` lets TypeScript accept misspelt rules.
    addPolicy: async (name, rules) =>
      dataOf(await api.POST('/policies/{name}', { params: { path: { name } }, body: { rules } })),

    judge: async (name, request = {}) =>
      dataOf(await api.POST('/policies/{name}/judge', { params: { path: { name } }, body: request })),
  };
}

function isVerdict(asset: Asset): asset is Verdict {
  return asset.state !== 'queued' && asset.state !== 'in_progress';
}

interface Answer<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/** @throws {ValidatrError} */
function dataOf<Data>({ data, error, response }: Answer<Data>): Data {
  if (data === undefined) throw new ValidatrError(response.status, error);
  return data;
}

/** Follows `Link: <…>; rel="next"` (RFC 8288) from page to page. */
async function* eachOf<Item>(
  readPage: (cursor: { cursor?: string }) => Promise<Answer<Item[]>>,
): AsyncGenerator<Item, void, undefined> {
  for (let cursor: { cursor?: string } | null = {}; cursor !== null; ) {
    const page: Answer<Item[]> = await readPage(cursor);
    yield* dataOf(page);
    const [, next] = /<([^>]*)>\s*;\s*rel="?next"?/.exec(page.response.headers.get('link') ?? '') ?? [];
    // Only the cursor counts: a proxy may have changed the rest of the URL.
    const given: string | null =
      next === undefined ? null : new URL(next, 'http://localhost').searchParams.get('cursor');
    cursor = given === null ? null : { cursor: given };
  }
}
