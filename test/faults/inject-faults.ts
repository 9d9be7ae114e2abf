import type { Log } from './log.ts';
import type { NoisyTenant } from './means/noisy-tenant.ts';
import type { Plan, PlannedFault } from './plan.ts';
import type { FaultStack } from './stack.ts';

interface Means {
  readonly stack: FaultStack;
  readonly noisy: NoisyTenant;
}

/** Makes the plan's faults at their moments. Resolves after the last. */
export async function injectFaults({ faults }: Plan, { log, ...means }: Means & { log: Log }): Promise<void> {
  const begin = performance.now();
  await Promise.all(
    faults.map(async (planned, fault) => {
      await delay(planned.atMs - (performance.now() - begin));
      log.add({ type: 'fault_begun', fault, ...planned });
      await makeFault(planned, means);
      log.add({ type: 'fault_ended', fault });
    }),
  );
}

/** Resolves when it is over. */
async function makeFault({ target, kind, forMs }: PlannedFault, { stack, noisy }: Means): Promise<void> {
  const program = stack.programs[target];
  switch (kind) {
    case 'kill':
      return program.signal('SIGKILL');
    case 'stop':
      await program.signal('SIGSTOP');
      await delay(forMs);
      return program.signal('SIGCONT');
    case 'lose_data':
      return stack.loseTemporalData();
    case 'step_clock':
      return program.signal('SIGUSR2');
    case 'old_worker': {
      const end = await stack.startOlderWorker();
      await delay(forMs);
      return end();
    }
    case 'flood':
      return noisy.flood(forMs);
    case 'slow_names':
      return noisy.nameSlowNames(forMs);
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
