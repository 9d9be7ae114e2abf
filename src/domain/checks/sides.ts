import { z } from 'zod';
import type { ImageFacts } from '../image-facts.ts';

/** No format can say more. */
export const side = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

/** Before or after EXIF orientation. */
export const orientationOf = z.enum(['stored', 'displayed']).default('stored');

/** Width and height, px; null where the header does not tell. */
export function sidesOf(
  facts: ImageFacts,
  of: z.output<typeof orientationOf>,
): { readonly width: number; readonly height: number } | null {
  const { width, height } = (of === 'displayed' ? facts.displayed : undefined) ?? facts;
  return width === null || height === null ? null : { width, height };
}
