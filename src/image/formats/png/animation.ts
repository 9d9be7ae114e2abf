import type { StructureDraft } from '../../structure-draft.ts';

/**
 * Animated PNG (PNG 3rd edition, 4.9 and 11.3.6): acTL says how many frames there are, an fcTL begins each, and both fcTL
 * and fdAT are numbered from 0. Viewers that find it wrong show the still picture.
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
