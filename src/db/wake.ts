import { Client } from 'pg';

const CHANNEL = 'validatr_work';

/** Reconnects after this long; meanwhile the dispatcher's own polling finds the work. */
const RECONNECT_MS = 1_000;

export interface Wake {
  /** Tells every listening process that there is work. Calls in quick succession are one message. */
  notify(): void;
  stop(): Promise<void>;
}

/**
 * LISTEN/NOTIFY between processes, on a connection of its own (a pool would hand it to others).
 * Messages are a hint and may be lost: `onWake` is also called after every reconnect.
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
      // Nothing is lost by a listener that is not there; the next try is under way.
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
