import { Agent, request } from 'undici';
import type { AttackOrder } from '../kinds.ts';

/** Starts the attack. It goes on until the process ends. The function that it returns tells whether it bites. */
export type Attack = (api: NoisyApi, order: Order) => (() => boolean) | Promise<() => boolean>;
export type Order = Pick<AttackOrder, 'pictures' | 'eventsPerS'>;

const CONNECTIONS = 64;

export interface NoisyApi {
  /** Posts as soon as the API allows it: a refusal by 429 or 503 is tried again after `Retry-After`. */
  post(path: string, body: object, headers?: Record<string, string>): Promise<{ status: number; id: string }>;
  submit(options: Submission): Promise<{ status: number; id: string }>;
  sendTestEvent(url: string): Promise<{ status: number; id: string }>;
  /** Answers so far, the refusals among them. */
  readonly answers: number;
}

interface Submission {
  /** A sample by default. */
  readonly path?: string;
  /** Where the asset is on the web, instead of a path. */
  readonly webUrl?: string;
  /** Gets the events of start and success. */
  readonly url?: string;
  readonly prefer?: string;
}

/** The API as one tenant sees it. */
export function createNoisyApi(baseUrl: string, key: string): NoisyApi {
  const dispatcher = new Agent({ connections: CONNECTIONS, headersTimeout: 120_000 });
  let answers = 0;

  async function post(path: string, body: object, headers: Record<string, string> = {}) {
    for (;;) {
      const answer = await request(baseUrl + path, {
        method: 'POST',
        dispatcher,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
        body: JSON.stringify(body),
      });
      const { id } = (await answer.body.json()) as { id: string };
      answers += 1;
      const status = answer.statusCode;
      if (status !== 429 && status !== 503) return { status, id };
      await delay(1000 * Number(answer.headers['retry-after'] ?? 1));
    }
  }

  return {
    post,
    submit: ({ path = './assets/rocket.jpg', webUrl, url, prefer }) =>
      post(
        '/assets/image/',
        {
          assetPath: webUrl === undefined ? { location: 'local', path } : { location: 'http', url: webUrl },
          ...(url === undefined ? {} : { notifications: { onStart: url, onSuccess: url } }),
        },
        prefer === undefined ? {} : { prefer },
      ),
    sendTestEvent: (url) => post('/webhooks/test', { url }),
    get answers() {
      return answers;
    },
  };
}

/** Acts so many times a second until the process ends. A failure is as good an end as any. */
export function steadily(perSecond: number, act: (index: number) => Promise<unknown>): void {
  let index = 0;
  setInterval(() => {
    act(index).catch(() => undefined);
    index += 1;
  }, 1000 / perSecond);
}

/** Acts again and again until the process ends, so many times at once. */
export function withoutPause(atOnce: number, act: (index: number) => Promise<unknown>): void {
  let index = 0;
  async function goOn(): Promise<never> {
    for (;;) {
      await act(index++).catch(() => delay(100));
    }
  }
  for (let one = 0; one < atOnce; one += 1) void goOn();
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
