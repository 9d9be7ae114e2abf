import type { StructureDraft } from '../../structure-draft.ts';

/**
 * Chunks before PLTE and IDAT, before IDAT, and between PLTE and IDAT (PNG 3rd edition, table 7). Each of them, except
 * sPLT, may occur at most once.
 */
const BEFORE_PALETTE = new Set(['cHRM', 'cICP', 'gAMA', 'iCCP', 'mDCV', 'cLLI', 'sBIT', 'sRGB']);
const BEFORE_DATA = new Set([...BEFORE_PALETTE, 'bKGD', 'hIST', 'tRNS', 'pHYs', 'sPLT', 'acTL']);
const ONCE = new Set([...BEFORE_DATA, 'eXIf', 'tIME']);
ONCE.delete('sPLT');

/**
 * Checks that required chunks exist and that chunks are in order. Faults of critical chunks are errors. Other misplaced
 * chunks are warnings, because decoders skip them.
 */
export class PngOrder {
  private readonly draft: StructureDraft;
  private readonly seen = new Set<string>();
  private previous = '';
  private hasDataEnded = false;

  constructor(draft: StructureDraft) {
    this.draft = draft;
  }

  next(type: string, data: Buffer): void {
    if (this.previous === '') this.first(type, data);
    else if (type === 'IHDR' && this.seen.has('IHDR')) this.draft.note('png_chunk_order', 'a second IHDR');
    if (this.previous === 'IDAT' && type !== 'IDAT') this.hasDataEnded = true;
    if (type === 'PLTE') this.palette(data);
    else if (type === 'IDAT') this.data();
    else if (isCritical(type) && !['IHDR', 'IEND', 'CgBI'].includes(type)) {
      this.draft.note('png_unknown_critical_chunk', type);
    } else if (!isCritical(type)) this.ancillary(type);
    // A file may have any number of types and repeat them, so only the types that matter are kept.
    if (isCritical(type) || ONCE.has(type)) this.seen.add(type);
    this.previous = type;
  }

  end(): void {
    if (!this.seen.has('IDAT')) this.draft.note('png_missing_idat');
  }

  private first(type: string, data: Buffer): void {
    // CgBI is Apple's variant for its own devices. Other programs cannot read it.
    if (type === 'CgBI') this.draft.note('png_cgbi');
    else if (type !== 'IHDR') this.draft.note('png_chunk_order', `${type} before IHDR`);
    else if (data.length !== 13) this.draft.note('png_header_invalid', `IHDR of ${data.length} bytes`);
  }

  private palette(data: Buffer): void {
    if (this.seen.has('PLTE')) this.draft.note('png_chunk_order', 'a second PLTE');
    if (this.seen.has('IDAT')) this.draft.note('png_chunk_order', 'PLTE after IDAT');
    if (data.length === 0 || data.length % 3 !== 0 || data.length > 3 * 256) {
      this.draft.note('png_palette_invalid', `${data.length} bytes`);
    }
    if (this.draft.properties.colourSpace === 'grey') this.draft.note('png_nonconforming', 'PLTE and grey');
  }

  private data(): void {
    if (this.hasDataEnded) this.draft.note('png_chunk_order', 'IDAT not consecutive');
    if (this.draft.properties.colourSpace === 'palette' && !this.seen.has('PLTE')) {
      this.draft.note('png_missing_palette');
    }
  }

  private ancillary(type: string): void {
    if (BEFORE_PALETTE.has(type) && this.seen.has('PLTE')) this.misplaced(`${type} after PLTE`);
    if (BEFORE_DATA.has(type) && this.seen.has('IDAT')) this.misplaced(`${type} after IDAT`);
    if (ONCE.has(type) && this.seen.has(type)) this.misplaced(`a second ${type}`);
  }

  private misplaced(what: string): void {
    this.draft.note('png_nonconforming', what);
  }
}

/**
 * Whether the first letter is upper-case (PNG 3rd edition, 5.4). A type that is not made of
 * letters counts as critical, as in decoders.
 */
function isCritical(type: string): boolean {
  return !/^[a-z]/.test(type) || type.startsWith('0x');
}
