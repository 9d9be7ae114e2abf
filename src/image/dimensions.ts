/** Stored width and height in pixels, before EXIF orientation. */
export interface Dimensions {
  readonly width: number;
  readonly height: number;
}
