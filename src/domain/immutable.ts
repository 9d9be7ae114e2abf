/** The same type, read-only at every depth. It makes the types of zod schemas read-only. */
export type Immutable<Given> = Given extends Date
  ? Given
  : Given extends object
    ? { readonly [Key in keyof Given]: Immutable<Given[Key]> }
    : Given;
