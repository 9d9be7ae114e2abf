import { createServer } from 'node:net';

/**
 * Systems give higher ports to outgoing connections. One of these would sometimes take a port before its program listened there:
 * SeaweedFS opens dozens of connections while it starts.
 */
const FIRST = 16_384;
const COUNT = 16_384;

/** Processes with neighbouring ids begin so far apart. A test file needs fewer. */
const PORTS_OF_A_PROCESS = 64;

/** Counts up, so that nobody gets a port that somebody else was given, and does not use yet. */
let next = process.pid * PORTS_OF_A_PROCESS;

/** A port of the loopback interface that is free now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + (next++ % COUNT);
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
