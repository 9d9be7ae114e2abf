/** Ends the sentence "Asset is not a readable image: <reason>." of an image that does not decode. */
export type DamageReason = 'truncated' | 'bad checksum' | 'corrupt data';

/**
 * Notes on the structure of a file: a closed list (docs/checks.md explains each). An error makes the picture `damaged`,
 * with the reason given here. Warnings and infos change no verdict. Formats without a decoder pass by their header
 * (contract), so faults of their files are only warnings.
 */
const ERRORS = {
  png_header_invalid: 'corrupt data',
  png_cgbi: 'corrupt data',
  png_crc_mismatch: 'bad checksum',
  png_chunk_outside_file: 'truncated',
  png_missing_iend: 'truncated',
  png_chunk_order: 'corrupt data',
  png_missing_idat: 'corrupt data',
  png_missing_palette: 'corrupt data',
  png_palette_invalid: 'corrupt data',
  png_unknown_critical_chunk: 'corrupt data',
  apng_frame_invalid: 'corrupt data',
  jpeg_missing_eoi: 'truncated',
  jpeg_segment_outside_file: 'truncated',
  jpeg_segment_invalid: 'corrupt data',
  jpeg_unexpected_marker: 'corrupt data',
  jpeg_missing_sof: 'corrupt data',
  jpeg_missing_sos: 'corrupt data',
  jpeg_component_missing: 'corrupt data',
  jpeg_restart_marker_missing: 'corrupt data',
  jpeg_data_short: 'truncated',
  jpeg_code_invalid: 'corrupt data',
  jpeg_data_left: 'corrupt data',
  mpo_picture_outside_file: 'truncated',
  gif_missing_trailer: 'truncated',
  gif_unknown_block: 'corrupt data',
  gif_no_frames: 'corrupt data',
  gif_no_pixels: 'corrupt data',
  gif_pixels_missing: 'truncated',
  gif_code_invalid: 'corrupt data',
  webp_size_mismatch: 'truncated',
  webp_chunk_outside_file: 'corrupt data',
  webp_missing_image: 'corrupt data',
  tiff_ifd_outside_file: 'truncated',
  tiff_ifd_loop: 'corrupt data',
  tiff_data_outside_file: 'truncated',
  avif_box_outside_file: 'truncated',
  bmp_header_invalid: 'corrupt data',
  bmp_data_outside_file: 'truncated',
  too_many_parts: 'corrupt data',
  /** The structure is sound, but the pixels do not decode. The detail is the decoder's reason. */
  undecodable: 'corrupt data',
} as const satisfies Record<string, DamageReason>;

const WARNINGS = [
  'not_decoded',
  'trailing_bytes',
  'second_image',
  'extension_mismatch',
  'icc_garbage',
  'orientation_invalid',
  'structure_cut_off',
  'too_large_to_decode',
  'not_measured',
  'png_nonconforming',
  'png_metadata_invalid',
  'png_metadata_large',
  'apng_inconsistent',
  'jpeg_garbage_between_segments',
  'jpeg_odd_value',
  'jpeg_progression_incomplete',
  'jpeg_arithmetic',
  'jpeg_lossless',
  'jpeg_hierarchical',
  'jpeg_bytes_left',
  'mpo_picture_missing',
  'gif_lzw_code_size',
  'gif_empty_frame',
  'gif_frame_outside_screen',
  'webp_inconsistent',
  'tiff_samples_unexplained',
  'heif_box_outside_file',
  'heif_data_outside_file',
  'heif_transform_inessential',
  'ico_data_outside_file',
  'psd_data_outside_file',
] as const;

const INFOS = ['animated', 'multi_page', 'mpo'] as const;

export const NOTE_SEVERITIES = ['error', 'warning', 'info'] as const;
export type NoteSeverity = (typeof NOTE_SEVERITIES)[number];

type ErrorNoteCode = keyof typeof ERRORS;
export type ImageNoteCode = ErrorNoteCode | (typeof WARNINGS)[number] | (typeof INFOS)[number];

export const IMAGE_NOTE_CODES = [...Object.keys(ERRORS), ...WARNINGS, ...INFOS] as ImageNoteCode[];

/** Most notes of one image. They are limited because they are part of workflow histories. */
export const MAX_NOTES = 20;

/** Whether a finding fails the asset. Warnings and infos do not. A missing severity means `error`. */
export function failsAsset(finding: { readonly code: string; readonly severity?: NoteSeverity }): boolean {
  return (finding.severity ?? 'error') === 'error';
}

export function severityOf(code: ImageNoteCode): NoteSeverity {
  if (code in ERRORS) return 'error';
  return (INFOS as readonly ImageNoteCode[]).includes(code) ? 'info' : 'warning';
}

/** `detail` gives the place and the fault. It never holds text from the file. */
export function createNote(code: ImageNoteCode, detail?: string) {
  return { code, severity: severityOf(code), ...(detail !== undefined && { detail }) };
}

/** The reason of the first error. Null if there is no error. */
export function damageOf(
  notes: readonly { readonly code: ImageNoteCode; readonly severity: NoteSeverity }[],
): DamageReason | null {
  const first = notes.find(({ severity }) => severity === 'error');
  return first === undefined ? null : ERRORS[first.code as ErrorNoteCode];
}
