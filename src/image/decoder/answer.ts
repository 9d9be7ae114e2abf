import { z } from 'zod';
import {
  headerFacts,
  imageFacts,
  imageNote,
  integrity,
  measures,
  noImage,
} from '../../domain/image-facts.ts';
import { MAX_NOTES } from '../../domain/image-notes.ts';
import type { Inspected } from '../../domain/ports/images.ts';

/** Longer lines are not read, because a hostile file may control the decoder and make it say anything. */
export const MAX_ANSWER_BYTES = 16 * 1024;

/** Texts in facts are our own, and short. */
const shortText = z.string().max(200);
const hexOf = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));

/** Most bits of entropy. A TIFF has at most 65,535 channels with 256 values each, so 24 bits. */
const MAX_ENTROPY_BITS = 24;

const [intact, damaged, notChecked] = integrity.options;

/** The facts of the domain, with a bound on each text. A decoder knows nothing about earlier assets. */
const boundedFacts = imageFacts.omit({ earlier: true }).extend({
  integrity: z.discriminatedUnion('state', [
    intact,
    damaged.extend({ reason: shortText }),
    notChecked.extend({ reason: shortText }),
  ]),
  notes: z
    .array(imageNote.extend({ detail: shortText.exactOptional() }))
    .max(MAX_NOTES)
    .exactOptional(),
  measures: measures
    .extend({
      entropy: z.number().min(0).max(MAX_ENTROPY_BITS).exactOptional(),
      pixelHash: hexOf(64).exactOptional(),
      perceptualHash: hexOf(16).exactOptional(),
    })
    .exactOptional(),
});

const answer = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready') }),
  z.strictObject({ type: z.literal('more') }),
  z.strictObject({ type: z.literal('header'), facts: headerFacts }),
  z.strictObject({ type: z.literal('work'), pixels: z.int().min(0) }),
  z.strictObject({
    type: z.literal('done'),
    facts: boundedFacts.nullable(),
    /** Why there are no facts. */
    noImage: noImage.exactOptional(),
    residentBytes: z.int().min(0),
  }),
]);
export type Answer = z.infer<typeof answer>;

/** Parses a line from a decoder (`serve.ts`). Null if it is not a valid answer. */
export function parseAnswer(line: string): Answer | null {
  try {
    return answer.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    // The line is not JSON.
    return null;
  }
}

/** The result that the last answer about a file brings. */
export function inspectedBy({
  facts,
  noImage: why = { cause: 'unknown_format' },
}: Extract<Answer, { readonly type: 'done' }>): Inspected {
  return facts ?? { noImage: why };
}
