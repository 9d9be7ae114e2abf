/** Stored width and height in pixels, before orientation. */
export interface Dimensions {
  readonly width: number;
  readonly height: number;
}
