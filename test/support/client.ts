import { eventually } from './eventually.ts';

export interface AssetBody {
  readonly id: string;
  readonly state: string;
  readonly errors?: Record<string, string[]>;
}

/** The header that presents a key. Empty without a key. */
export function authorizationOf(apiKey = process.env['API_KEY']): Record<string, string> {
  return apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
}

/** The API as a client sees it. */
export function createTestClient(baseUrl: string, apiKey?: string) {
  const authorization = authorizationOf(apiKey);

  function call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(baseUrl + path, {
      method,
      headers: {
        ...authorization,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async function read<Body = AssetBody>(path: string): Promise<Body> {
    return (await (await call('GET', path)).json()) as Body;
  }

  return {
    call,
    read,
    /** Posts an asset and returns its id. */
    async submit(path: string, notifications?: Record<string, unknown>): Promise<string> {
      const response = await call('POST', '/assets/image/', {
        assetPath: { location: 'local', path },
        ...(notifications === undefined ? {} : { notifications }),
      });
      if (response.status !== 202)
        throw new Error(`POST answered ${response.status}: ${await response.text()}`);
      return ((await response.json()) as AssetBody).id;
    },
    /** Waits for a terminal state; `withinMs`: see `eventually`. */
    async verdict(id: string, withinMs?: number): Promise<AssetBody> {
      return eventually(
        async () => {
          const asset = await read(`/assets/${id}`);
          return ['complete', 'failed', 'canceled'].includes(asset.state) && asset;
        },
        { what: `the verdict on ${id}`, ...(withinMs !== undefined && { withinMs }) },
      );
    },
  };
}

export type TestClient = ReturnType<typeof createTestClient>;
