import { z } from 'zod';
import { defineCheck } from './check.ts';
import { countOf } from './words.ts';

/** The file's size in bytes is within bounds. */
export const bytes = defineCheck({
  name: 'checkBytes',
  code: 'bytes_not_allowed',
  measures: [],
  settings: { min: z.int().min(0).default(0), max: z.int().min(0).optional() },
  judge: ({ bytes: size }, { min, max = Infinity }) => (size >= min && size <= max ? null : { bytes: size }),
  shows: ['bytes'],
  describe({ bytes: size }, { min, max }) {
    return `Files must have ${rangeOf(min, max)}, the provided file has ${size}.`;
  },
});

function rangeOf(min: number, max: number | undefined): string {
  if (max === undefined) return `at least ${countOf(min, 'byte')}`;
  if (min === 0) return `at most ${countOf(max, 'byte')}`;
  return min === max ? `exactly ${countOf(max, 'byte')}` : `${min} to ${countOf(max, 'byte')}`;
}
