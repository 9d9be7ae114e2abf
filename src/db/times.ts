/** A row as SQL gives it: its timestamps come as text. */
export type TextTimes<Row, Keys extends keyof Row> = Omit<Row, Keys> & { [Key in Keys]: string | null };

export function asDate(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}
