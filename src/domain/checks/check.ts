import type { z } from 'zod';
import type { ImageFacts } from '../image-facts.ts';
import type { Measure } from '../measures.ts';

/** The values that show a fault: numbers and names, never text from the file. */
export type Measured = Readonly<Record<string, unknown>>;

/** A picture fails if `score` is below `threshold`. */
export interface Scored {
  readonly score: number;
  readonly threshold: number;
}

/**
 * A check judges the facts from one reading of the file, never the file itself. Each check has its own source file and
 * one line in `index.ts`. A policy switches it on with the rule that `index.ts` names.
 */
export interface Check<Settings extends z.ZodRawShape = z.ZodRawShape, Result extends Measured = Measured> {
  /** The step, as details and the Web UI show it. */
  readonly name: string;
  /** The reason code of its finding. */
  readonly code: string;
  /** Whether it needs to know how the picture compares with earlier assets of the tenant. */
  readonly comparesWithEarlier?: true;
  /** The measures of the pixels that it needs. */
  readonly measures: readonly Measure[];
  /** Settings that a policy may give. */
  readonly settings: Settings;
  /**
   * The score that the check compares with a bound, for checks that have one. Null if the facts lack what it is made of. Details
   * show it, whether the picture passes or not.
   */
  score?(facts: ImageFacts, settings: z.output<z.ZodObject<Settings>>): Scored | null;
  /**
   * Null: the picture passes. `unknown`: the facts do not say enough, so the picture cannot fail here. `dimensions_unknown`: the
   * check needs width and height, and the file does not give them.
   */
  judge(
    facts: ImageFacts,
    settings: z.output<z.ZodObject<Settings>>,
  ): Result | null | 'unknown' | 'dimensions_unknown';
  /** Names of the values in its findings. A policy's own message may show them. */
  readonly shows: readonly (keyof Result & string)[];
  /** The sentence for people, unless the policy has its own. */
  describe(measured: Result, settings: z.output<z.ZodObject<Settings>>): string;
}

/** Keeps the exact type of a check, so that the registry knows all names and codes. */
export function defineCheck<
  const Name extends string,
  const Code extends string,
  Settings extends z.ZodRawShape,
  Result extends Measured,
>(check: Check<Settings, Result> & { readonly name: Name; readonly code: Code }) {
  return check;
}
