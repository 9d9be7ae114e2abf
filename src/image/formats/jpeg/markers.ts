/** Markers of ITU-T T.81, table B.1. */
export const DHT = 0xc4;
export const SOI = 0xd8;
export const EOI = 0xd9;
export const SOS = 0xda;
export const DRI = 0xdd;
export const APP0 = 0xe0;
export const APP1 = 0xe1;
export const APP2 = 0xe2;
export const APP14 = 0xee;
const RST0 = 0xd0;
const DHP = 0xde;
const COM = 0xfe;

export function isRestart(marker: number): boolean {
  return marker >= RST0 && marker <= 0xd7;
}

/** Markers without a length (B.1.1.3): TEM, RST0–7, SOI, EOI. */
export function standsAlone(marker: number): boolean {
  return marker === 0x01 || (marker >= RST0 && marker <= EOI);
}

/** SOF0–15, except DHT (C4), JPG (C8) and DAC (CC), which share the range. */
export function isStartOfFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== DHT && marker !== 0xc8 && marker !== 0xcc;
}

/** DHP belongs to hierarchical files only, as do the differential frames SOF5–7 and 13–15. */
export function isHierarchical(marker: number): boolean {
  return marker === DHP || (isStartOfFrame(marker) && (marker & 0x0f) % 8 >= 5);
}

/** Markers that may stand between two segments of a picture. The others are reserved, or belong to extensions that no decoder knows. */
export function isExpected(marker: number): boolean {
  if (marker === 0xc8 || marker === SOI) return false;
  return marker === 0x01 || (marker >= 0xc0 && marker <= 0xef) || marker === COM;
}
