import type { Location } from './sources/asset-path.ts';
import type { RuleName } from './checks/index.ts';
import type { PolicyRules } from './policy.ts';
import type { Submission } from './ports/assets.ts';

/**
 * The number of this code, which says what it knows. Each row has a number, too (`needs`), set when it is accepted. A worker
 * leases no row, and runs no workflow or activity, whose number is above its own. So while two versions run side by side, no
 * worker ignores what it does not know.
 *
 * | number | what came with it                                    |
 * |--------|------------------------------------------------------|
 * | 1      | all that workers knew when these numbers came        |
 * | 2      | the rule `checked`                                   |
 * | 3      | assets that are not local files                      |
 *
 * Something new that an older worker would ignore takes the next number: a field of submissions, a rule, a setting of a rule.
 * Set `KNOWS` to that number, and give it to what is new below; a setting gives it to its rule. All that one release brings may share
 * a number.
 */
export const KNOWS: number = 3;

/** The number that every worker has at least, whatever its version. */
export const KNOWN_BY_ALL = 1;

const FIELDS: Readonly<Record<keyof Submission, number>> = {
  assetPath: 1,
  notifications: 1,
  policy: 1,
  sha256: 1,
  // Only the API reads these. A worker that does not know them validates the same.
  externalId: 1,
  labels: 1,
};

const LOCATIONS: Readonly<Record<Location, number>> = {
  local: 1,
  http: 3,
  s3: 3,
  gcs: 3,
  azure: 3,
  upload: 3,
};

const RULES: Readonly<Record<RuleName, number>> = {
  formats: 1,
  maxDimensions: 1,
  minDimensions: 1,
  bytes: 1,
  colourSpaces: 1,
  alpha: 1,
  animation: 1,
  structure: 1,
  checked: 2,
  aspectRatio: 1,
  grayscale: 1,
  dark: 1,
  light: 1,
  information: 1,
  blur: 1,
  size: 1,
  exactDuplicates: 1,
  nearDuplicates: 1,
};

export function needsOfSubmission(submission: Submission): number {
  return Math.max(highest(FIELDS, submission), LOCATIONS[submission.assetPath.location]);
}

export function needsOfRules(rules: PolicyRules): number {
  return highest(RULES, rules);
}

/** The highest number of those keys that have a value. */
function highest<Key extends string>(
  numbers: Readonly<Record<Key, number>>,
  used: Readonly<Partial<Record<Key, unknown>>>,
): number {
  const keys = Object.keys(numbers) as Key[];
  return Math.max(KNOWN_BY_ALL, ...keys.filter((key) => used[key] !== undefined).map((key) => numbers[key]));
}
