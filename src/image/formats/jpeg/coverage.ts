import type { JpegFrame } from './frame.ts';
import type { StructureDraft } from '../../structure-draft.ts';

const COEFFICIENTS = 64;

/** Most components of a scan (T.81, B.2.3). Decoders refuse more. */
const MAX_SCAN_COMPONENTS = 4;

const NEVER_SENT = 0xff;

/**
 * Notes components and coefficients that no scan has. Decoders fill in grey for a component and zeros for coefficients,
 * as if the file were still loading. A scan of a progressive picture sends some coefficients (Ss to Se), down to some
 * bit (Al). Later scans send the bits below (T.81, G.1.1.1).
 */
export function noteMissingScans(
  { components, isProgressive }: JpegFrame,
  scans: readonly Buffer[],
  draft: StructureDraft,
): void {
  const lowestBits = new Map(
    components.map(({ id }) => [id, new Uint8Array(COEFFICIENTS).fill(NEVER_SENT)] as const),
  );
  for (const header of scans) {
    const count = header[0] ?? 0;
    if (count > MAX_SCAN_COMPONENTS || header.length < 4 + 2 * count) continue;
    const [first = 0, last = 0, bits = 0] = isProgressive ? header.subarray(1 + 2 * count) : [0, 63, 0];
    for (let index = 0; index < count; index += 1) {
      lowestBits.get(header[1 + 2 * index] ?? 0)?.fill(bits & 15, first, last + 1);
    }
  }
  for (const [id, bits] of lowestBits) {
    if (bits[0] === NEVER_SENT) return draft.note('jpeg_component_missing', `component ${id}`);
    const coefficient = bits.findIndex((bit) => bit > 0);
    if (coefficient === -1) continue;
    draft.note('jpeg_progression_incomplete', `coefficient ${coefficient} of component ${id}`);
  }
}
