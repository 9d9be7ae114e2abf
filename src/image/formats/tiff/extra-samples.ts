import type { StructureDraft } from '../../structure-draft.ts';
import type { TiffDirectory, TiffFields } from './fields.ts';

const PHOTOMETRIC = 262;
const SAMPLES_PER_PIXEL = 277;
export const EXTRA_SAMPLES = 338;

/** Samples that are colours, by PhotometricInterpretation, as libtiff counts them. It does not count those of other numbers. */
const COLOURS: { readonly [photometric: number]: number } = {
  0: 1,
  1: 1,
  2: 3,
  3: 1,
  4: 4,
  5: 4,
  6: 3,
  8: 3,
  9: 3,
  10: 3,
  32_845: 3,
};

/** ExtraSamples (TIFF 6.0, section 18): the sample can be anything. */
const UNSPECIFIED = 0;

/**
 * The field ExtraSamples of a page whose samples are more than its colours and the samples that it explains. Decoders take the
 * others as unspecified, and libtiff warns. Null if nothing is missing, or if the values do not fit into an entry.
 */
export function completeExtraSamples(
  tiff: TiffFields,
  directory: TiffDirectory,
  draft: StructureDraft,
): Buffer | null {
  const samples = tiff.first(directory, SAMPLES_PER_PIXEL) ?? 1;
  const colours = COLOURS[tiff.first(directory, PHOTOMETRIC) ?? -1] ?? samples;
  const field = directory.fields.get(EXTRA_SAMPLES);
  const isReadable = tiff.first(directory, EXTRA_SAMPLES) !== undefined;
  const explained = isReadable ? (field?.count ?? 0) : 0;
  const missing = samples - colours - explained;
  if (missing <= 0) return null;
  draft.note('tiff_samples_unexplained', `${missing} of ${samples} samples`);
  const extra = explained + missing;
  if (extra > tiff.layout.inlineBytes) return null;
  const kindAt = (index: number) =>
    field !== undefined && index < explained ? tiff.value(field, index) : UNSPECIFIED;
  return tiff.makeEntry(
    EXTRA_SAMPLES,
    Array.from({ length: extra }, (_, index) => kindAt(index)),
  );
}
