import type { NoImage } from '../domain/image-facts.ts';

type OtherFormat = NonNullable<NoImage['format']>;

/** Letters of Netpbm files: P1 to P7, and white space or a comment behind it. */
const NETPBM: Readonly<Record<string, OtherFormat>> = {
  P1: 'PBM',
  P2: 'PGM',
  P3: 'PPM',
  P4: 'PBM',
  P5: 'PGM',
  P6: 'PPM',
  P7: 'PAM',
};

/** First bytes, as Latin-1. */
const BEGINNINGS: readonly (readonly [beginning: string, format: OtherFormat])[] = [
  ['%PDF-', 'PDF'],
  ['%!PS', 'PostScript'],
  ['\0\0\0\x0cjP  ', 'JPEG 2000'],
  ['\xff\x4f\xff\x51', 'JPEG 2000'],
  ['\0\0\0\x0cJXL ', 'JPEG XL'],
  ['\xff\x0a', 'JPEG XL'],
  ['\0\0\x02\0', 'CUR'],
  ['DDS ', 'DDS'],
  ['qoif', 'QOI'],
  ['v/1\x01', 'OpenEXR'],
  ['#?RADIANCE', 'Radiance HDR'],
  ['gimp xcf', 'XCF'],
  ['PK\x03\x04', 'ZIP'],
  ['\x1f\x8b', 'GZIP'],
  ['\x1a\x45\xdf\xa3', 'video'],
];

/** White space and comments may stand before the first element. An SVG may have a document type before it, too. */
const MARKUP_AHEAD = String.raw`^(?:\xef\xbb\xbf)?(?:\s|<\?xml[^>]*>|<!--[^>]*-->)*`;
const SVG = new RegExp(
  `${MARKUP_AHEAD}(?:<!doctype svg[^>]*>\\s*)?<(?:\\w+:)?svg[\\s>]|${MARKUP_AHEAD}<!doctype svg`,
  'i',
);
const HTML = new RegExp(`${MARKUP_AHEAD}<(?:!doctype html|html)[\\s>]`, 'i');

/** Bytes that are looked at. Markup may begin late, but its patterns must stay quick. */
const LOOKED_AT = 512;

/** Says why a file is no image, by its first bytes. It reads no more of the format than its name. */
export function explainNoImage(first: Buffer): NoImage {
  if (first.length === 0) return { cause: 'empty' };
  const format = sniffOther(first.subarray(0, LOOKED_AT));
  return format === null ? { cause: 'unknown_format' } : { cause: 'unsupported_format', format };
}

function sniffOther(head: Buffer): OtherFormat | null {
  const text = head.toString('latin1');
  const known = BEGINNINGS.find(([beginning]) => text.startsWith(beginning));
  if (known !== undefined) return known[1];
  if (/^P[1-7][\s#]/.test(text)) return NETPBM[text.slice(0, 2)] ?? null;
  if (text.startsWith('DICM', 128)) return 'DICOM';
  // What is a still picture is known by its brand (`sniff.ts`).
  if (text.startsWith('ftyp', 4)) return 'video';
  if (SVG.test(text)) return 'SVG';
  return HTML.test(text) ? 'HTML' : null;
}
