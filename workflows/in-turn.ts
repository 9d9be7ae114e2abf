import type { ActivateInput, WorkflowInterceptors } from '@temporalio/workflow';

type Jobs = NonNullable<ActivateInput['activation']['jobs']>;

/**
 * Microtasks between the results of two local activities. Our code needs fewer from a result to the command that
 * follows. They are only spent if several results arrive together.
 */
const TURN_MICROTASKS = 64;

/**
 * Passes on the results of local activities one at a time, in the order in which they came.
 *
 * While a workflow task runs, each result is an activation of its own. So the commands after the first result are
 * scheduled before the second result arrives. If another worker takes over, it replays the task. The SDK then
 * delivers the results in the same order, but several in one activation. Now the length of each branch's promise
 * chain decides whose command is first. The order may differ from the history if two branches continue after
 * their results. An example is a step in trouble beside a step that continues, or a webhook that is handed over.
 * The workflow is then stuck for ever. `npm run test:faults` found this.
 * `histories/trouble-beside-steps-crash*.json` are two recorded cases.
 *
 * An interceptor of `scheduleLocalActivity` could hold back every result instead. It would cost 4 ms of the 26 ms of a
 * validation, because each promise in the sandbox is expensive.
 */
export function interceptors(): WorkflowInterceptors {
  return {
    internals: [
      {
        activate(input, next) {
          const [now = [], ...later] = intoTurns(input.activation.jobs ?? []);
          if (later.length === 0) return next(input);
          const deliver = (jobs: Jobs) => next({ ...input, activation: { ...input.activation, jobs } });
          deliver(now);
          // All of it runs before the activation ends, because the sandbox drains its microtasks first.
          void (async () => {
            for (const jobs of later) {
              for (let passed = 0; passed < TURN_MICROTASKS; passed += 1) await Promise.resolve();
              deliver(jobs);
            }
          })();
        },
      },
    ],
  };
}

/** Each local result begins a turn. Jobs from the server come before them. */
function intoTurns(jobs: Jobs): Jobs[] {
  const turns: Jobs[] = [];
  for (const job of jobs) {
    const turn = turns.at(-1);
    if (turn === undefined || job.resolveActivity?.isLocal === true) turns.push([job]);
    else turn.push(job);
  }
  return turns;
}
