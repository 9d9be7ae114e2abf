import { z } from 'zod';
import { COLOUR_SPACES, ICC_STATES, IMAGE_FORMATS, type ImageFacts } from '../../domain/image-facts.ts';
import { IMAGE_NOTE_CODES, MAX_NOTES, NOTE_SEVERITIES } from '../../domain/image-notes.ts';

/** Longer lines are not read: a decoder that a file has taken over may say anything. */
export const MAX_ANSWER_BYTES = 16 * 1024;

const count = z.number().int().min(0);
const reason = z.string().max(200);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const header = z.strictObject({
  format: z.enum(IMAGE_FORMATS),
  width: count.nullable(),
  height: count.nullable(),
  bytes: count,
  sha256: sha256.nullable(),
});
const side = z.strictObject({ width: count, height: count });
const unit = z.number().min(0).max(1);
const measures = z.strictObject({
  brightness: z.strictObject({ p5: unit, p99: unit }).exactOptional(),
  // Of one histogram over all channels, of which a TIFF may have 65,535.
  entropy: z.number().min(0).max(24).exactOptional(),
  blur: z.strictObject({ edges: z.number().min(0), spread: z.number().min(0) }).exactOptional(),
  pixelHash: sha256.exactOptional(),
  perceptualHash: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .exactOptional(),
});
const facts: z.ZodType<ImageFacts> = header.extend({
  displayed: side.exactOptional(),
  frames: count.exactOptional(),
  animated: z.boolean().exactOptional(),
  orientation: z.int().min(1).max(8).exactOptional(),
  bitDepth: count.exactOptional(),
  channels: count.exactOptional(),
  colourSpace: z.enum(COLOUR_SPACES).exactOptional(),
  hasAlpha: z.boolean().exactOptional(),
  progressive: z.boolean().exactOptional(),
  interlaced: z.boolean().exactOptional(),
  trailingBytes: count.exactOptional(),
  iccState: z.enum(ICC_STATES).exactOptional(),
  notes: z
    .array(
      z.strictObject({
        code: z.enum(IMAGE_NOTE_CODES),
        severity: z.enum(NOTE_SEVERITIES),
        detail: reason.exactOptional(),
      }),
    )
    .max(MAX_NOTES)
    .exactOptional(),
  measures: measures.exactOptional(),
  integrity: z.discriminatedUnion('state', [
    z.strictObject({ state: z.literal('intact') }),
    z.strictObject({ state: z.literal('damaged'), reason }),
    z.strictObject({ state: z.literal('not_checked'), reason }),
  ]),
});

const answer = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready') }),
  z.strictObject({ type: z.literal('more') }),
  z.strictObject({ type: z.literal('header'), facts: header }),
  z.strictObject({ type: z.literal('done'), facts: facts.nullable(), residentBytes: count }),
]);
export type Answer = z.infer<typeof answer>;

/** What a decoder says (`serve-decoder.ts`); null where it makes no sense. */
export function parseAnswer(line: string): Answer | null {
  try {
    return answer.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    // No JSON.
    return null;
  }
}
