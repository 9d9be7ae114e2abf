import { z } from 'zod';
import type { ImageFacts } from '../image-facts.ts';

/** Length of a side, px. The limit is the largest length that PNG allows. */
export const side = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

/** Sides before (`stored`) or after (`displayed`) orientation. */
export const orientationOf = z.enum(['stored', 'displayed']).default('stored');

/** Width and height, px. Null if the header does not give them. */
export function sidesOf(
  facts: ImageFacts,
  of: z.output<typeof orientationOf>,
): { readonly width: number; readonly height: number } | null {
  const { width, height } = (of === 'displayed' ? facts.displayed : undefined) ?? facts;
  return width === null || height === null ? null : { width, height };
}
