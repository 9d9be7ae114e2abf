import { defineCheck } from './check.ts';

/** Every pixel was decoded, and measured if a rule needs measures. Without this rule, an image passes that could not be checked. */
export const checked = defineCheck({
  name: 'checkIsChecked',
  code: 'not_checked',
  measures: [],
  settings: {},
  judge({ integrity, notes = [] }) {
    if (integrity.state === 'not_checked') return { reason: integrity.reason };
    return notes.some(({ code }) => code === 'not_measured') ? { reason: 'too large to measure' } : null;
  },
  shows: ['reason'],
  describe: ({ reason }) => `The image was not wholly checked: ${reason}.`,
});
