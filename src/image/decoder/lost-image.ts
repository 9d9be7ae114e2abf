import type { HeaderFacts } from '../../domain/image-facts.ts';
import type { LostImage } from '../../domain/ports/images.ts';

const REASONS: Record<LostImage['lost'], string> = {
  decoder_crashed: 'the decoder crashed',
  decode_timeout: 'took too long',
};

/** What is known of an image whose decoder ended. `header` is what the decoder said before. */
export function asLost(lost: LostImage['lost'], header: HeaderFacts | null): LostImage {
  const reason = REASONS[lost];
  return {
    lost,
    reason,
    facts: header === null ? null : { ...header, integrity: { state: 'damaged', reason } },
  };
}
