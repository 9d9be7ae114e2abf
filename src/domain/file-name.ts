import type { ImageFacts, ImageFormat } from './image-facts.ts';
import { createNote, MAX_NOTES } from './image-notes.ts';

/** Usual extensions of each format. Camera raw files are TIFFs with many extensions, so those are not listed. */
const EXTENSIONS: Record<ImageFormat, readonly string[]> = {
  JPEG: ['jpg', 'jpeg', 'jpe', 'jfif', 'jif', 'mpo'],
  PNG: ['png', 'apng'],
  GIF: ['gif'],
  WEBP: ['webp'],
  BMP: ['bmp', 'dib'],
  TIFF: ['tif', 'tiff'],
  HEIF: ['heif', 'heic', 'hif'],
  AVIF: ['avif'],
  ICO: ['ico'],
  PSD: ['psd', 'psb'],
};
const KNOWN = new Set(Object.values(EXTENSIONS).flat());

/** Adds a note if the extension belongs to another format than the content. Unknown or missing extensions add no note. */
export function noteFileName(facts: ImageFacts, path: string): ImageFacts {
  const extension = /\.([A-Za-z]{2,5})$/.exec(path)?.[1]?.toLowerCase();
  if (extension === undefined || !KNOWN.has(extension)) return facts;
  if (EXTENSIONS[facts.format].includes(extension)) return facts;
  const note = createNote('extension_mismatch', `named .${extension}, but is ${withArticle(facts.format)}`);
  return { ...facts, notes: [...(facts.notes ?? []).slice(0, MAX_NOTES - 1), note] };
}

function withArticle(format: ImageFormat): string {
  return `${format === 'AVIF' || format === 'ICO' ? 'an' : 'a'} ${format}`;
}
