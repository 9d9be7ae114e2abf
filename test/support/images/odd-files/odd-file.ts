import type { ImageFacts, ImageFormat } from '../../../../src/domain/image-facts.ts';
import type { DamageReason, ImageNoteCode } from '../../../../src/domain/image-notes.ts';

/** A file that is not quite as it seems, and the facts that must be found in it. */
export interface OddFile {
  readonly name: string;
  readonly make: () => Promise<Buffer> | Buffer;
  /** The format of the content; null if it is no image. */
  readonly format: ImageFormat | null;
  /** `intact` by default. A reason stands for `damaged`. */
  readonly integrity?: 'intact' | 'not_checked' | DamageReason;
  /** Stored width and height, if they are more than is allowed. */
  readonly tooLarge?: string;
  /** All notes, in the order found. None by default. */
  readonly codes?: readonly ImageNoteCode[];
  readonly facts?: Partial<ImageFacts>;
}
