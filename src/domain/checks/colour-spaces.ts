import { z } from 'zod';
import { COLOUR_SPACES } from '../image-facts.ts';
import { defineCheck } from './check.ts';
import { listAlternatives } from './words.ts';

/** Samples are stored in an allowed colour space. */
export const colourSpaces = defineCheck({
  name: 'checkColourSpace',
  code: 'colour_space_not_allowed',
  measures: [],
  settings: { allow: z.array(z.enum(COLOUR_SPACES)).min(1).max(COLOUR_SPACES.length) },
  judge({ colourSpace }, { allow }) {
    if (colourSpace === undefined) return 'unknown';
    return allow.includes(colourSpace) ? null : { colourSpace };
  },
  shows: ['colourSpace'],
  describe: ({ colourSpace }, { allow }) =>
    `Images must be stored as ${listAlternatives(allow)}, the provided image is ${colourSpace}.`,
});
