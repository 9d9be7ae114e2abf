import { z } from 'zod';
import { headerFacts, imageFacts, imageNote, integrity, measures } from '../../domain/image-facts.ts';
import { MAX_NOTES } from '../../domain/image-notes.ts';

/** Longer lines are not read: a decoder that a file has taken over may say anything. */
export const MAX_ANSWER_BYTES = 16 * 1024;

/** Texts in facts are ours, and short. */
const shortText = z.string().max(200);
const hexOf = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));

/** A histogram over all channels, which are at most the 65,535 of a TIFF with 256 values each: 24 bits. */
const MAX_ENTROPY_BITS = 24;

const [intact, damaged, notChecked] = integrity.options;

/** The facts of the domain, with a bound on each text. Earlier assets are no matter of a decoder. */
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
  z.strictObject({
    type: z.literal('done'),
    facts: boundedFacts.nullable(),
    residentBytes: z.int().min(0),
  }),
]);
export type Answer = z.infer<typeof answer>;

/** What a decoder says (`serve.ts`); null where it makes no sense. */
export function parseAnswer(line: string): Answer | null {
  try {
    return answer.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    // No JSON.
    return null;
  }
}
