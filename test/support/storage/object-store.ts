import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AssetPath } from '../../../src/domain/sources/asset-path.ts';
import type { UnreachableCause } from '../../../src/domain/sources/unreachable.ts';
import { eventually } from '../eventually.ts';
import { endAtLast } from '../left-over.ts';

/** A server of objects, with one bucket that is ours and an object that we may not read. */
export interface ObjectStore {
  /** Profiles that reach it, as they stand in a sources file. */
  readonly profiles: Record<string, object>;
  pathOf(name: string): AssetPath;
  /** Writes an object, or replaces it. */
  put(name: string, content: Buffer): Promise<void>;
  /** Makes it longer. `content` begins with what it has. */
  grow(name: string, content: Buffer): Promise<void>;
  /** Writes a version of an object, and tells how to ask for it. Missing if the server keeps no versions. */
  putVersion?(name: string, content: Buffer): Promise<AssetPath>;
  /** An object that exists, and that the server refuses to give us. */
  readonly forbidden: AssetPath;
  readonly forbiddenCause: UnreachableCause;
  /** Where local files are. */
  readonly dir?: string;
  close(): Promise<void>;
}

/** `missing` is the reason why this machine has no such server. */
export type StartedStore = ObjectStore | { readonly missing: string };

/** Starts the program of a server, and waits until it answers. Resolves with a function that ends it. */
export async function startServer(
  command: string,
  args: readonly string[],
  { probe, cwd }: { probe: string; cwd: string },
): Promise<() => Promise<void>> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-20_000)));
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const takeBack = endAtLast(end);
  child.once('exit', takeBack);
  await eventually(
    async () => {
      if (child.exitCode !== null) throw new Error(`${command} ended at start:\n${output}`);
      return fetch(probe).then(
        ({ status }) => status < 500,
        () => false,
      );
    },
    { what: `${command} ${args[0]}` },
  );
  return end;
}
