import type { StructureDraft } from '../../structure-draft.ts';
import type { TiffDirectory, TiffField, TiffFields } from './fields.ts';
import { completeExtraSamples, EXTRA_SAMPLES } from './extra-samples.ts';
import type { TiffPage } from './pages.ts';

const ORIENTATION = 274;

/**
 * The fields that say how pixels are stored (TIFF 6.0, and libtiff's own 32995 to 32998 and 37439). libtiff and libvips
 * read no other field for pixels.
 */
const PIXEL_FIELDS = new Set([
  // Size, samples, compression and colours.
  256, 257, 258, 259, 262, 277, 284, 320, 332, 338, 339, 32_995, 32_996, 32_997, 32_998, 37_439,
  // Strips and tiles.
  273, 278, 279, 322, 323, 324, 325,
  // Order of bits, options of fax, predictor.
  266, 292, 293, 317,
  // JPEG and YCbCr.
  347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532,
]);

interface ShownDirectory extends Pick<TiffPage, 'offset' | 'nextAt'> {
  /** Where a value is that stands in its entry. */
  valueAt(field: TiffField): number;
}

/**
 * Hides all other fields of a page from the decoder, and puts the rest in the order of their tags. The decoder warns of
 * odd metadata as it does of odd pixels, and only the second is damage. Returns the page as the decoder sees it.
 */
export function showPixelFields(
  bytes: Buffer,
  tiff: TiffFields,
  directory: TiffDirectory,
  draft: StructureDraft,
): ShownDirectory {
  const { offset, entries, next, nextAt } = directory;
  const { countBytes, entryBytes, offsetBytes } = tiff.layout;
  const shown = findShownEntries(bytes, tiff, directory, draft);
  const isShownAsStored =
    shown.length === entries &&
    shown.every(({ entry }, index) => entry === offset + countBytes + index * entryBytes);
  if (shown.length === 0 || isShownAsStored) return { offset, nextAt, valueAt: ({ at }) => at };

  const end = countBytes + shown.length * entryBytes;
  // Without its offset, the directory ends the chain. There is room for one if an entry was hidden.
  const hasNext = nextAt !== null || shown.length < entries;
  const content = Buffer.alloc(end + (hasNext ? offsetBytes : 0));
  for (const [index, entry] of shown.entries()) entry.content.copy(content, countBytes + index * entryBytes);
  tiff.writeEntries(shown.length, content);
  if (hasNext) tiff.writeOffset(end, next, content);
  draft.mend(bytes.subarray(offset, offset + content.length), content);
  const places = new Map(shown.map(({ tag }, index) => [tag, offset + countBytes + index * entryBytes]));
  return {
    offset,
    nextAt: hasNext ? offset + end : null,
    valueAt: ({ tag, at, entry }) => at - entry + (places.get(tag) ?? entry),
  };
}

interface ShownEntry {
  readonly tag: number;
  /** Its place in the file. Null if it is not in the file. */
  readonly entry: number | null;
  readonly content: Buffer;
}

/** In the order of their tags. */
function findShownEntries(
  bytes: Buffer,
  tiff: TiffFields,
  directory: TiffDirectory,
  draft: StructureDraft,
): ShownEntry[] {
  const stored = [...directory.fields.values()]
    .filter((field) => PIXEL_FIELDS.has(field.tag) || isOrientation(tiff, field))
    .map(({ tag, entry }): ShownEntry => {
      return { tag, entry, content: bytes.subarray(entry, entry + tiff.layout.entryBytes) };
    });
  const content = completeExtraSamples(tiff, directory, draft);
  const others = stored.filter(({ tag }) => tag !== EXTRA_SAMPLES);
  // One more entry takes the place of a hidden one. If none is hidden, the decoder warns.
  const isCompleted = content !== null && others.length < directory.entries;
  const shown = isCompleted ? [...others, { tag: EXTRA_SAMPLES, entry: null, content }] : stored;
  return shown.sort((a, b) => a.tag - b.tag);
}

/** Whether the field is a valid orientation. The decoder may turn some pictures by it. */
function isOrientation(tiff: TiffFields, field: TiffField): boolean {
  const SHORT = 3;
  if (field.tag !== ORIENTATION || field.type !== SHORT || field.count !== 1) return false;
  const value = tiff.value(field);
  return value >= 1 && value <= 8;
}
