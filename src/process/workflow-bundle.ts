import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type BundleOptions, bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

const at = (path: string) => fileURLToPath(new URL(`../../workflows/${path}`, import.meta.url));

/**
 * Bundles the workflows. Their modules hold no state, so they are loaded once a sandbox instead of once a workflow
 * (`preloadModules`).
 */
export function bundleWorkflows(logger?: BundleOptions['logger']): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: at('index.ts'),
    preloadModules: [at('stack-depth.ts'), at('index.ts')],
    workflowInterceptorModules: [at('in-turn.ts')],
    ...(logger === undefined ? {} : { logger }),
  });
}

/** Bundles in a process of its own. The bundler's 250 MiB are freed when it ends, while a worker would keep them. */
export async function bundleApart(): Promise<{ code: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'validatr-bundle-'));
  try {
    const target = join(dir, 'workflow-bundle.js');
    const program = fileURLToPath(new URL('../bin/bundle.ts', import.meta.url));
    await promisify(execFile)(process.execPath, [program, target]);
    return { code: await readFile(target, 'utf8') };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
