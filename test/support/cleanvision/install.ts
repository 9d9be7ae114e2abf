import { join } from 'node:path';
import { installPython } from '../../../src/dev/python-environment.ts';

export type Installed = { readonly python: string } | { readonly missing: string };

/** Installs CleanVision. The packages that its numbers come from are pinned as well. */
export async function installCleanVision(): Promise<Installed> {
  const installed = await installPython([
    'cleanvision==0.3.7',
    'pillow==13.0.0',
    'numpy==2.4.6',
    'scipy==1.17.1',
    'pandas==3.1.1',
    'imagehash==4.3.2',
  ]);
  return 'missing' in installed ? installed : { python: join(installed.bin, 'python') };
}
