/** The bits of one colour in a pixel, and the value of 8 bits for each of their values. */
interface Component {
  readonly mask: number;
  readonly shift: number;
  readonly values: Uint8Array;
}

/** Red, green, blue, and alpha if there is any. */
export type Masks = readonly Component[];

/** Masks of pictures that give none. */
const DEFAULTS: { readonly [bits: number]: readonly number[] } = {
  16: [0x7c00, 0x03e0, 0x001f],
  32: [0xff_00_00, 0x00_ff_00, 0x00_00_ff],
};

/** The masks of a picture of 16 or 32 bits. `at` is where its own masks are. Null for other depths. */
export function readMasks(bytes: Buffer, bits: number, at: number | null, hasAlpha: boolean): Masks | null {
  const defaults = DEFAULTS[bits];
  if (defaults === undefined) return null;
  const masks =
    at === null
      ? defaults
      : Array.from({ length: hasAlpha ? 4 : 3 }, (_, i) => bytes.readUInt32LE(at + 4 * i));
  const components = masks.map((mask) => componentOf(mask));
  return components[3]?.mask === 0 ? components.slice(0, 3) : components;
}

/** Of more than 8 bits, the upper 8 count. Pillow rounds down, too. */
export function componentOf(mask: number): Component {
  let shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
  const all = 32 - Math.clz32(mask >>> shift);
  const bits = Math.min(8, all);
  shift += all - bits;
  const most = 2 ** bits - 1;
  return {
    mask: bits === 0 ? 0 : most,
    shift,
    values: Uint8Array.from({ length: most + 1 }, (_, value) =>
      most === 0 ? 0 : Math.floor((value * 255) / most),
    ),
  };
}
