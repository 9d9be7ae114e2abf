/** The same data, all of it read-only: what a zod schema gives, as a value that nobody changes. */
export type Immutable<Given> = Given extends Date
  ? Given
  : Given extends object
    ? { readonly [Key in keyof Given]: Immutable<Given[Key]> }
    : Given;
