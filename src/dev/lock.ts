import { open, readFile, rm } from 'node:fs/promises';
import { isProcessAlive } from './leftovers.ts';

/** Lets one stack run in a data directory. Gives null, or the process id of the stack that runs there. */
export async function takeLock(file: string, mark: string): Promise<number | null> {
  for (;;) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return null;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    if (holder > 0 && (await isProcessAlive(holder, mark))) return holder;
    // Its holder was killed.
    await rm(file, { force: true });
  }
}
