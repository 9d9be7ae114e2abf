import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Systems give higher ports to outgoing connections. One of these would sometimes take a port before its program listened there:
 * SeaweedFS opens dozens of connections while it starts.
 */
const FIRST = 16_384;
const LAST = 32_767;

/** A port of the loopback interface that is free now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST + 1);
    if (await isPortFree(port, '127.0.0.1')) return port;
  }
}

/** Whether a program could listen there. */
export async function isPortFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
