import type { StructureDraft } from '../../structure-draft.ts';

const FRAME_CONTROL_BYTES = 26;

/**
 * Animated PNG (PNG 3rd edition, 4.9 and 11.3.6). acTL gives the number of frames, and an fcTL begins each frame. fcTL
 * and fdAT are numbered together from 0. If the numbers are wrong, viewers show the still picture.
 */
export class PngAnimation {
  private readonly draft: StructureDraft;
  private canvas = { width: 0, height: 0 };
  private declared: number | null = null;
  private frames = 0;
  private sequence = 0;
  private hasStill = false;
  /** Null: fdAT belongs to no frame. */
  private data: Buffer[] | null = null;
  private fault: string | null = null;

  constructor(draft: StructureDraft) {
    this.draft = draft;
  }

  next(type: string, data: Buffer): void {
    if (type === 'IHDR' && data.length >= 8)
      this.canvas = { width: data.readUInt32BE(0), height: data.readUInt32BE(4) };
    if (type === 'acTL' && data.length === 8) this.declared = data.readUInt32BE(0);
    if (type === 'IDAT') this.hasStill = true;
    if (type !== 'fcTL' && type !== 'fdAT') return;
    if (data.length < 4 || data.readUInt32BE(0) !== this.sequence) {
      this.draft.note('apng_inconsistent', `${type} out of sequence`);
    }
    this.sequence += 1;
    if (type === 'fcTL') this.beginFrame(data);
    else this.data?.push(data.subarray(4));
  }

  end(): void {
    const { declared, draft, frames } = this;
    if (declared === 0) draft.note('apng_inconsistent', '0 frames declared');
    if (declared !== null && declared !== frames) {
      draft.note('apng_inconsistent', `${declared} frames declared, ${frames} found`);
    }
    if (declared === null && frames > 0) draft.note('apng_inconsistent', 'frames without acTL');
    // Without a number of frames, every viewer shows the still picture and reads no frame.
    const isAnimation = declared !== null && declared > 0;
    if (!isAnimation) draft.pngFrames.length = 0;
    else if (this.fault !== null) draft.note('apng_frame_invalid', this.fault);
    draft.setFrames(declared === null ? 1 : Math.max(1, frames));
  }

  /** The still picture is the first frame if its fcTL comes before it. */
  private beginFrame(control: Buffer): void {
    this.frames += 1;
    this.data = null;
    if (control.length < FRAME_CONTROL_BYTES) return this.refuse(`fcTL of ${control.length} bytes`);
    const [width, height] = [control.readUInt32BE(4), control.readUInt32BE(8)];
    const [left, top] = [control.readUInt32BE(12), control.readUInt32BE(16)];
    if (width === 0 || height === 0) return this.refuse('no pixels');
    if (left + width > this.canvas.width || top + height > this.canvas.height)
      return this.refuse('larger than the picture');
    if (!this.hasStill) return;
    this.data = [];
    this.draft.pngFrames.push({ width, height, data: this.data });
  }

  private refuse(fault: string): void {
    this.fault ??= `${fault}: frame ${this.frames}`;
  }
}
