import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { assembleKernel, KERNEL_FILE } from '../../../../../scripts/assemble-kernel.ts';

it('runs the kernel that kernel.wat describes', async () => {
  expect(await readFile(KERNEL_FILE, 'utf8')).toBe(await assembleKernel());
});
