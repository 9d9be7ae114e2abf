import type { Log } from './log.ts';
import type { Plan } from './plan.ts';
import type { FaultStack } from './stack.ts';

/** Makes the plan's faults at their moments. Resolves after the last. */
export async function injectFaults({ faults }: Plan, { programs }: FaultStack, log: Log): Promise<void> {
  const begin = performance.now();
  await Promise.all(
    faults.map(async (planned, fault) => {
      await delay(planned.atMs - (performance.now() - begin));
      const program = programs[planned.target];
      log.add({ type: 'fault_begun', fault, ...planned });
      await program.signal(planned.signal);
      if (planned.signal === 'SIGSTOP') {
        await delay(planned.forMs);
        await program.signal('SIGCONT');
      }
      log.add({ type: 'fault_ended', fault });
    }),
  );
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
