import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { eventually } from './eventually.ts';

const run = promisify(execFile);

/** Runs the Temporal CLI on one namespace. Returns its output. */
export type TemporalCli = (...args: string[]) => Promise<string>;

let namespaces = 0;

/** A namespace that no other test uses, at the shared server unless another address is given. */
export async function createNamespace(
  address = inject('temporalAddress'),
): Promise<{ readonly namespace: string; readonly temporal: TemporalCli }> {
  namespaces += 1;
  const namespace = `test-${process.pid}-${Date.now()}-${namespaces}`;
  const temporal: TemporalCli = async (...args) => {
    const options = ['--address', address, '--namespace', namespace];
    const { stdout } = await run(inject('temporalCli'), [...args, ...options]);
    return stdout;
  };
  await temporal('operator', 'namespace', 'create', '--retention', '1d');
  // All parts of the server know a namespace only once they have refreshed their caches.
  await eventually(
    () =>
      temporal('workflow', 'list').then(
        () => true,
        () => false,
      ),
    { what: 'the namespace' },
  );
  return { namespace, temporal };
}
