import type { StructureDraft } from '../../structure-draft.ts';

/**
 * Animated PNG (PNG 3rd edition, 4.9 and 11.3.6). acTL gives the number of frames, and an fcTL begins each frame. fcTL
 * and fdAT are numbered together from 0. Viewers show the still picture if any of this is wrong.
 */
export class PngAnimation {
  private readonly draft: StructureDraft;
  private declared: number | null = null;
  private frames = 0;
  private sequence = 0;

  constructor(draft: StructureDraft) {
    this.draft = draft;
  }

  next(type: string, data: Buffer): void {
    if (type === 'acTL' && data.length === 8) this.declared = data.readUInt32BE(0);
    if (type !== 'fcTL' && type !== 'fdAT') return;
    if (type === 'fcTL') this.frames += 1;
    if (data.length < 4 || data.readUInt32BE(0) !== this.sequence) {
      this.draft.note('apng_inconsistent', `${type} out of sequence`);
    }
    this.sequence += 1;
  }

  end(): void {
    if (this.declared !== null && this.declared !== this.frames) {
      this.draft.note('apng_inconsistent', `${this.declared} frames declared, ${this.frames} found`);
    }
    if (this.declared === null && this.frames > 0)
      this.draft.note('apng_inconsistent', 'frames without acTL');
    this.draft.setFrames(this.declared === null ? 1 : Math.max(1, this.frames));
  }
}
