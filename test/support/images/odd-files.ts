import { GIF_FILES, WEBP_FILES } from './odd-files/gif-and-webp-files.ts';
import { JPEG_FILES } from './odd-files/jpeg-files.ts';
import { JPEG_FILES_OF_OTHER_PROCESSES } from './odd-files/jpeg-process-files.ts';
import type { OddFile } from './odd-files/odd-file.ts';
import { OTHER_FILES } from './odd-files/other-files.ts';
import { PNG_FILES } from './odd-files/png-files.ts';
import { TIFF_FILES } from './odd-files/tiff-files.ts';

/** Files that are not quite what they seem, all of them made here. */
export const ODD_FILES: readonly OddFile[] = [
  ...JPEG_FILES,
  ...JPEG_FILES_OF_OTHER_PROCESSES,
  ...PNG_FILES,
  ...GIF_FILES,
  ...WEBP_FILES,
  ...TIFF_FILES,
  ...OTHER_FILES,
];
