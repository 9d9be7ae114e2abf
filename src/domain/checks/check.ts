import type { z } from 'zod';
import type { ImageFacts } from '../image-facts.ts';
import type { Measure } from '../measures.ts';

/** What is wrong, with the values that show it: numbers and names, never text of the file. */
export type Measured = Readonly<Record<string, unknown>>;

/**
 * A rule that pictures can be held against: all of it in one file, and one line in `index.ts`. It judges what one reading of
 * the file has established, never the file.
 */
export interface Check<Settings extends z.ZodRawShape = z.ZodRawShape, Result extends Measured = Measured> {
  /** The step, as details and the Web UI show it. */
  readonly name: string;
  /** The reason code of its finding. */
  readonly code: string;
  /** Whether it needs to know how the picture compares with earlier assets of the tenant. */
  readonly comparesWithEarlier?: true;
  /** What has to be computed from the pixels for it. */
  readonly measures: readonly Measure[];
  /** What a policy may set. */
  readonly settings: Settings;
  /** Null where nothing is wrong; `unknown` where the facts do not tell: then it can't fail. */
  judge(facts: ImageFacts, settings: z.output<z.ZodObject<Settings>>): Result | null | 'unknown';
  /** What its findings measure, by name: a policy's own message may show it. */
  readonly shows: readonly (keyof Result & string)[];
  /** The sentence for people, where the policy has none of its own. */
  describe(measured: Result, settings: z.output<z.ZodObject<Settings>>): string;
}

/** Keeps the exact type of a check, for the registry to be one of names and codes. */
export function defineCheck<
  const Name extends string,
  const Code extends string,
  Settings extends z.ZodRawShape,
  Result extends Measured,
>(check: Check<Settings, Result> & { readonly name: Name; readonly code: Code }) {
  return check;
}
