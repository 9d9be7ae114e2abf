import { join, resolve } from 'node:path';
import { installPython } from '../../src/dev/python-environment.ts';
import { examine } from './examine.ts';
import { createSummary } from './summary.ts';

const SAY_EVERY = 500;

/** Gives all files of a folder to Validatr and to two other decoders, and compares what they say. */
export async function measureDifferential(folder: string, say: (line: string) => void) {
  const installed = await installPython([
    'imagecodecs==2026.3.6',
    'av==18.1.0',
    'numpy==2.4.6',
    'pillow==13.0.0',
    'simplejpeg==1.9.0',
    'tifffile==2026.3.3',
  ]);
  if ('missing' in installed) return { skipped: installed.missing };
  const summary = createSummary(resolve(folder));
  let files = 0;
  for await (const examined of examine(resolve(folder), join(installed.bin, 'python'))) {
    summary.add(examined);
    files += 1;
    if (files % SAY_EVERY === 0) say(`${files} files`);
  }
  return summary.tell();
}
