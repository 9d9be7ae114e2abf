import type { Client } from '@temporalio/client';
import { type Preparation, prepareNamespace } from './setup.ts';
import { connectTrouble } from './trouble.ts';

const LOOK_EVERY_MS = 15_000;

/** While something is missing, and at most this often when calls fail. */
const LOOK_AGAIN_MS = 1_000;

export interface NamespaceWatch {
  /** A call to Temporal failed, so something may be missing. */
  lookSoon(): void;
  stop(): void;
}

export interface NamespaceWatchOptions extends Pick<Preparation, 'onMissing'> {
  readonly client: Client;
  /** Called with the reason when Temporal becomes unusable or the reason changes, and with null when it is usable again. */
  readonly onChange: (trouble: string | null) => void;
}

/**
 * Looks after the namespace while a worker runs. A Temporal server may lose its data, and then its namespace lacks all that was
 * prepared at start.
 */
export function watchNamespace({ client, onMissing, onChange }: NamespaceWatchOptions): NamespaceWatch {
  let trouble: string | null = null;
  let lookedAt = performance.now();
  let isLooking = false;
  let isStopped = false;
  let timer = lookAfter(LOOK_EVERY_MS);

  function lookAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => void look(), ms);
  }

  /** Creating it may take several rounds. */
  function sayOnce(reason: string): void {
    if (trouble === null) onMissing(reason);
  }

  async function look(): Promise<void> {
    isLooking = true;
    const found = await prepareNamespace(client, { updateSchedules: false, onMissing: sayOnce }).catch(
      connectTrouble,
    );
    isLooking = false;
    if (isStopped) return;
    lookedAt = performance.now();
    if (found !== trouble) onChange(found);
    trouble = found;
    timer = lookAfter(trouble === null ? LOOK_EVERY_MS : LOOK_AGAIN_MS);
  }

  return {
    lookSoon() {
      if (isStopped || isLooking || trouble !== null) return;
      clearTimeout(timer);
      timer = lookAfter(Math.max(0, lookedAt + LOOK_AGAIN_MS - performance.now()));
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
