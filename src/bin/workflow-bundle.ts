import { fileURLToPath } from 'node:url';
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
