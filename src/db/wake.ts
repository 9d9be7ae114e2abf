import { Client } from 'pg';

const CHANNEL = 'validatr_work';

/** The wait before a reconnect. Meanwhile the dispatcher's own polling finds the work. */
const RECONNECT_MS = 1_000;

export interface Wake {
  /** Tells every listening process that there is work. Calls in quick succession send one message. */
  notify(): void;
  stop(): Promise<void>;
}

/**
 * LISTEN/NOTIFY between processes, on a connection of its own, because a pool would hand it to others. A message may be lost, so
 * `onWake` is also called after every reconnect.
 */
export function connectWake(url: string, onWake: () => void): Wake {
  let client: Client | null = null;
  let stopped = false;
  let sending = false;
  let pending = false;
  let retry: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    const next = new Client({ connectionString: url, keepAlive: true, application_name: 'validatr wake' });
    next.on('notification', onWake);
    const lost = () => {
      if (client === next) client = null;
      if (!stopped && retry === undefined) {
        retry = setTimeout(() => {
          retry = undefined;
          void connect();
        }, RECONNECT_MS);
      }
    };
    next.on('error', lost);
    next.on('end', lost);
    try {
      await next.connect();
      await next.query(`LISTEN ${CHANNEL}`);
      if (stopped) return await next.end();
      client = next;
      onWake();
    } catch {
      // A failed end does no harm, because the next try to connect is under way.
      await next.end().catch(() => undefined);
      lost();
    }
  }

  async function send(): Promise<void> {
    sending = true;
    while (pending && client !== null) {
      pending = false;
      await client.query(`NOTIFY ${CHANNEL}`).catch(() => undefined);
    }
    pending = false;
    sending = false;
  }

  void connect();
  return {
    notify() {
      pending = true;
      if (!sending) void send();
    },
    async stop() {
      stopped = true;
      clearTimeout(retry);
      await client?.end();
    },
  };
}
