import { z } from 'zod';
import { defineCheck } from './check.ts';

/** The file's size in bytes is within bounds. */
export const bytes = defineCheck({
  name: 'checkBytes',
  code: 'bytes_not_allowed',
  measures: [],
  settings: { min: z.int().min(0).default(0), max: z.int().min(0).optional() },
  judge: ({ bytes: size }, { min, max = Infinity }) => (size >= min && size <= max ? null : { bytes: size }),
  shows: ['bytes'],
  describe({ bytes: size }, { min, max }) {
    const bounds = max === undefined ? `at least ${min}` : min === 0 ? `at most ${max}` : `${min} to ${max}`;
    return `Files must have ${bounds} bytes, the provided file has ${size}.`;
  },
});
