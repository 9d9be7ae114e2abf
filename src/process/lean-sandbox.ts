import vm from 'node:vm';
import { isMainThread } from 'node:worker_threads';

/**
 * Preloaded into workers (`node --import`, which their workflow threads inherit). The SDK enters the workflow sandbox about
 * forty times a validation, each time with a time limit. For each limit, Node starts and joins a thread of its own. Without
 * the limit, a validation costs 26 ms of the worker's processor time instead of 43. The pipeline does 41–44 assets/s instead
 * of 25 (docs/decisions/0001-lean-sandbox.md). A worker started without this file works the same, only slower.
 */
if (!isMainThread) {
  const { runInContext } = vm.Script.prototype;
  vm.Script.prototype.runInContext = function (context, { timeout: _unlimited, ...options } = {}) {
    return runInContext.call(this, context, options) as unknown;
  };
}
