import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import loadWabt from 'wabt';

const SOURCE = 'src/image/measures/kernel.wat';
export const KERNEL_FILE = 'src/image/measures/kernel-bytes.ts';

/** `npm run kernel`: assembles `kernel.wat` into the module that is bundled and committed. */
export async function assembleKernel(): Promise<string> {
  const wabt = await loadWabt();
  const module = wabt.parseWat(SOURCE, await readFile(SOURCE, 'utf8'), { simd: true });
  module.validate();
  const base64 = Buffer.from(module.toBinary({}).buffer).toString('base64');
  module.destroy();
  return `/** Made of kernel.wat by \`npm run kernel\`. */\nexport const KERNEL_BYTES =\n  '${base64}';\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await writeFile(KERNEL_FILE, await assembleKernel());
