import type { ActivateInput, WorkflowInterceptors } from '@temporalio/workflow';

type Jobs = NonNullable<ActivateInput['activation']['jobs']>;

/**
 * Microtasks between the result of one local activity and the next: more than it takes any code of ours from a result
 * to the command that follows from it. They are only spent where several results arrive together.
 */
const TURN_MICROTASKS = 64;

/**
 * Lets the results of local activities in one at a time, in the order in which they came.
 *
 * While a workflow task runs, each result is an activation of its own: what follows from the first is scheduled before
 * the second arrives. When the task is retraced (another worker took over), the SDK delivers results in the same order
 * but several in one activation, and then the length of each branch's promise chain decides whose command is first.
 * Two branches that continue after their results (a step in trouble beside one that continues, a webhook that is
 * handed over) then disagree with the history, and the workflow is stuck for ever. Found by `npm run test:faults`;
 * `histories/trouble-beside-steps-crash*.json` are two that were.
 *
 * An interceptor of `scheduleLocalActivity` that held every result back would do as well, and cost 4 ms of the 26 that a
 * validation takes: each promise in the sandbox is dear.
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
          // All of it runs before the activation ends: the sandbox drains its microtasks first.
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

/** Each local result begins a turn; what the server had to say comes before them. */
function intoTurns(jobs: Jobs): Jobs[] {
  const turns: Jobs[] = [];
  for (const job of jobs) {
    const turn = turns.at(-1);
    if (turn === undefined || job.resolveActivity?.isLocal === true) turns.push([job]);
    else turn.push(job);
  }
  return turns;
}
