import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signalGroup } from '../../../src/dev/program.ts';
import { endAtLast } from '../left-over.ts';

/** The address that requests on pages have. */
const API = 'http://127.0.0.1:8000';

export interface PageRequests {
  /** Ids of the assets that the requests made, in order. */
  readonly ids: readonly string[];
  /** Ends what the page starts in the background. */
  close(): Promise<void>;
}

/**
 * Runs all blocks of a page that call the API, as a reader copies them into a shell. `ports` are put in place of the ports that
 * the page names. @throws {Error} if a command fails
 */
export async function runPageRequests(
  path: string,
  ports: Readonly<Record<string, number | string>>,
): Promise<PageRequests> {
  const page = await readFile(path, 'utf8');
  const script = [...page.matchAll(/^```sh\n(.*?)^```$/gms)]
    .map(([, block = '']) => block)
    .filter((block) => block.includes(API))
    .join('\n')
    .replaceAll(/(?<=127\.0\.0\.1:|http\.server )\d+/g, (port) => String(ports[port] ?? port));
  const dir = await mkdtemp(join(tmpdir(), 'validatr-page-'));
  const output = await open(join(dir, 'output'), 'w+');
  // A group of its own also has what the page starts in the background.
  const shell = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
  });
  async function close(): Promise<void> {
    if (shell.pid !== undefined) signalGroup(shell.pid, 'SIGKILL');
    await rm(dir, { recursive: true, force: true });
  }
  const takeBack = endAtLast(close);
  const [code] = (await once(shell, 'exit')) as [number | null];
  await output.close();
  const text = await readFile(join(dir, 'output'), 'utf8');
  if (code !== 0) throw new Error(`A command of ${path} failed (${code}):\n${text}`);
  return {
    ids: [...text.matchAll(/\{"id":"([0-9a-f-]{36})"/g)].map(([, id = '']) => id),
    close() {
      takeBack();
      return close();
    },
  };
}
