import type { Dimensions } from '../../dimensions.ts';

/** Rows of the same length. `rowBytes` includes the byte of the filter. */
interface Pass {
  readonly rows: number;
  readonly rowBytes: number;
}

/** First column and row of each pass, and the distance to the next ones (PNG 3rd edition, 8.1). */
const ADAM7 = [
  { x: 0, y: 0, dx: 8, dy: 8 },
  { x: 4, y: 0, dx: 8, dy: 8 },
  { x: 0, y: 4, dx: 4, dy: 8 },
  { x: 2, y: 0, dx: 4, dy: 4 },
  { x: 0, y: 2, dx: 2, dy: 4 },
  { x: 1, y: 0, dx: 2, dy: 2 },
  { x: 0, y: 1, dx: 1, dy: 2 },
];

const WHOLE = [{ x: 0, y: 0, dx: 1, dy: 1 }];

const LAST_FILTER = 4;

/** The rows of a picture in the order of its data. A pass without pixels has no rows. */
export function passesOf({ width, height }: Dimensions, bitsPerPixel: number, isInterlaced: boolean): Pass[] {
  return (isInterlaced ? ADAM7 : WHOLE)
    .map(({ x, y, dx, dy }) => ({
      columns: Math.ceil(Math.max(0, width - x) / dx),
      rows: Math.ceil(Math.max(0, height - y) / dy),
    }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0)
    .map(({ columns, rows }) => ({ rows, rowBytes: 1 + Math.ceil((columns * bitsPerPixel) / 8) }));
}

/** Follows inflated rows, whose blocks may begin and end anywhere. Only the byte of the filter can be wrong. */
export class FilteredRows {
  private readonly passes: readonly Pass[];
  private pass = 0;
  private row = 0;
  /** Bytes that the current row still has. */
  private left = 0;

  constructor(passes: readonly Pass[]) {
    this.passes = passes;
  }

  take(block: Buffer): 'more' | 'complete' | 'invalid' {
    for (let at = 0; at < block.length; ) {
      if (this.left === 0) {
        if (this.isComplete()) return 'complete';
        if ((block[at] as number) > LAST_FILTER) return 'invalid';
        this.beginRow();
      }
      const taken = Math.min(this.left, block.length - at);
      this.left -= taken;
      at += taken;
    }
    return this.isComplete() ? 'complete' : 'more';
  }

  private isComplete(): boolean {
    return this.left === 0 && this.pass === this.passes.length;
  }

  private beginRow(): void {
    const { rows, rowBytes } = this.passes[this.pass] as Pass;
    this.left = rowBytes;
    this.row += 1;
    if (this.row < rows) return;
    this.row = 0;
    this.pass += 1;
  }
}
