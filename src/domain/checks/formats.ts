import { z } from 'zod';
import { IMAGE_FORMATS } from '../image-facts.ts';
import { defineCheck } from './check.ts';
import { listAlternatives } from './words.ts';

/** The content, not the name, has an allowed format. */
export const formats = defineCheck({
  name: 'checkIsJpeg',
  code: 'format_not_allowed',
  measures: [],
  settings: { allow: z.array(z.enum(IMAGE_FORMATS)).min(1).max(IMAGE_FORMATS.length) },
  judge: ({ format }, { allow }) => (allow.includes(format) ? null : { format }),
  shows: ['format'],
  describe: ({ format }, { allow }) =>
    `Assets must be a ${listAlternatives(allow)}, the provided image is a ${format}`,
});
