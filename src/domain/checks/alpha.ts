import { defineCheck } from './check.ts';

/** The picture has no alpha channel and no transparent colour. */
export const alpha = defineCheck({
  name: 'checkAlpha',
  code: 'alpha_not_allowed',
  measures: [],
  settings: {},
  judge: ({ hasAlpha }) => (hasAlpha === undefined ? 'unknown' : hasAlpha ? {} : null),
  shows: [],
  describe: () => 'Images must have no alpha channel.',
});
