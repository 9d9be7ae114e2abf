import type { WorkflowInterceptors } from '@temporalio/workflow';

/**
 * Microtasks between the result of one local activity and the next: more than it takes any code of ours from a result
 * to the command that follows from it. The recorded histories need fewer than 4; the rest is room for longer branches, at
 * a few microseconds a result.
 */
const TURN_MICROTASKS = 32;

/**
 * Lets the results of local activities in one at a time, in the order in which they came.
 *
 * While a workflow task runs, each result is an activation of its own: what follows from the first is scheduled before
 * the second arrives. When the task is retraced (another worker took over), the SDK delivers results in the same order
 * but several in one activation, and then the length of each branch's promise chain decides whose command is first.
 * Two branches that go on after their results (a step that is in trouble beside one that goes on, a webhook that is
 * handed over) then disagree with the history, and the workflow is stuck for good. Found by `npm run test:faults`.
 */
export function interceptors(): WorkflowInterceptors {
  let turn = Promise.resolve();

  async function takeTurn(): Promise<void> {
    for (let passed = 0; passed < TURN_MICROTASKS; passed += 1) await Promise.resolve();
  }

  return {
    outbound: [
      {
        async scheduleLocalActivity(input, next) {
          try {
            return await next(input);
          } finally {
            turn = turn.then(takeTurn);
            await turn;
          }
        },
      },
    ],
  };
}
