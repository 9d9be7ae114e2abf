import { readExifOrientation } from '../exif.ts';
import { judgeIccProfile } from '../icc-profile.ts';
import type { StructureDraft } from '../../structure-draft.ts';
import { APP0, APP1, APP2, APP14 } from './markers.ts';

/** Most parts of a colour profile, because one byte counts them. All parts together may have 16 MB. */
const MAX_PROFILE_PARTS = 255;

/** Bytes that libjpeg asks of these segments. It ignores a shorter one. */
const JFIF_BYTES = 14;
const ADOBE_BYTES = 12;

export function isJfif(marker: number, data: Buffer): boolean {
  return marker === APP0 && data.length >= JFIF_BYTES && startsWith(data, 'JFIF\0');
}

/** Reads the segments of applications in the header. Viewers look at none behind coded data, so neither does this. */
export class Applications {
  /** The index of a multi-picture file. */
  index: Buffer | null = null;
  hasJfif = false;
  /** Adobe's segment. The last one counts. */
  adobe: Buffer | null = null;
  private readonly draft: StructureDraft;
  private readonly profile: Buffer[] = [];

  constructor(draft: StructureDraft) {
    this.draft = draft;
  }

  segment(marker: number, data: Buffer): void {
    if (isJfif(marker, data)) this.hasJfif = true;
    else if (marker === APP1 && startsWith(data, 'Exif\0\0')) {
      // A second block is ignored.
      if (this.draft.properties.orientation === undefined) {
        this.draft.setOrientation(readExifOrientation(data.subarray(6)));
      }
    } else if (marker === APP2 && startsWith(data, 'MPF\0')) this.index ??= data.subarray(4);
    else if (marker === APP2 && startsWith(data, 'ICC_PROFILE\0')) {
      if (this.profile.length <= MAX_PROFILE_PARTS) this.profile.push(data);
    } else if (marker === APP14 && data.length >= ADOBE_BYTES && startsWith(data, 'Adobe')) {
      this.adobe = data;
    }
  }

  /** Called after the last segment. */
  finish(): void {
    this.draft.properties.iccState = 'none';
    if (this.profile.length > 0) this.draft.setIcc(this.judgeProfile());
  }

  /**
   * A profile comes in parts (ICC.1:2022, B.4). After the identifier come the number of this part, from 1, and the
   * number of all parts.
   */
  private judgeProfile(): 'valid' | 'garbage' {
    const parts = [...this.profile].sort((a, b) => (a[12] ?? 0) - (b[12] ?? 0));
    const isComplete = parts.every((part, index) => part[12] === index + 1 && part[13] === parts.length);
    if (!isComplete) return 'garbage';
    const [first] = parts;
    const data = parts.map((part) => part.subarray(14));
    return judgeIccProfile(parts.length === 1 && first ? first.subarray(14) : Buffer.concat(data));
  }
}

function startsWith(data: Buffer, text: string): boolean {
  return data.toString('latin1', 0, text.length) === text;
}
