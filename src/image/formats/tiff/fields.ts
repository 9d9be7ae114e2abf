/** Bytes of one value by field type (TIFF 6.0, section 2; BigTIFF has 16 to 18 too). Values of other types are skipped. */
const VALUE_BYTES: { readonly [type: number]: number } = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  16: 8,
  17: 8,
  18: 8,
};

const BYTE = 1;

export interface TiffField {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** Where its entry in the directory is, and where its first value is. */
  readonly entry: number;
  readonly at: number;
}

export interface TiffDirectory {
  readonly offset: number;
  readonly fields: ReadonlyMap<number, TiffField>;
  /** The number in the file. It may exceed the number of fields, because a tag may occur twice. */
  readonly entries: number;
  /** Offset of the next directory. 0 ends the chain. */
  readonly next: number;
  /** Place of that offset in the file. Null if the file has none. */
  readonly nextAt: number | null;
}

/**
 * The fields of a TIFF, classic or big, in either byte order. An EXIF block is a TIFF
 * too. Reads beyond the end throw a RangeError.
 */
export class TiffFields {
  private readonly bytes: Buffer;
  private readonly little: boolean;
  private readonly big: boolean;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.little = bytes.toString('latin1', 0, 2) === 'II';
    this.big = this.u16(2) === 43;
  }

  get firstDirectory(): number {
    return this.big ? this.u64(8) : this.u32(4);
  }

  /** Place of that offset in the header. */
  get firstDirectoryAt(): number {
    return this.big ? 8 : 4;
  }

  writeOffset(at: number, offset: number, target = this.bytes): void {
    if (this.big && this.little) target.writeBigUInt64LE(BigInt(offset), at);
    else if (this.big) target.writeBigUInt64BE(BigInt(offset), at);
    else this.writeLong(at, offset, target);
  }

  writeLong(at: number, value: number, target = this.bytes): void {
    if (this.little) target.writeUInt32LE(value, at);
    else target.writeUInt32BE(value, at);
  }

  writeShort(at: number, value: number, target = this.bytes): void {
    if (this.little) target.writeUInt16LE(value, at);
    else target.writeUInt16BE(value, at);
  }

  /** The number of entries, with which a directory begins. */
  writeEntries(entries: number, target: Buffer): void {
    if (this.big) this.writeOffset(0, entries, target);
    else this.writeShort(0, entries, target);
  }

  /** An entry of a directory with values of one byte, which stand in it. */
  makeEntry(tag: number, values: readonly number[]): Buffer {
    const { entryBytes, valueAt } = this.layout;
    const entry = Buffer.alloc(entryBytes);
    this.writeShort(0, tag, entry);
    this.writeShort(2, BYTE, entry);
    this.writeOffset(4, values.length, entry);
    entry.set(values, valueAt);
    return entry;
  }

  /** Bytes of the number of entries of a directory, of an entry, what comes before its value, the value, and an offset. */
  get layout() {
    return this.big
      ? { countBytes: 8, entryBytes: 20, valueAt: 12, inlineBytes: 8, offsetBytes: 8 }
      : { countBytes: 2, entryBytes: 12, valueAt: 8, inlineBytes: 4, offsetBytes: 4 };
  }

  /** Null if the directory does not lie in the file. If a tag occurs twice, the first counts, as in decoders. */
  readDirectory(offset: number): TiffDirectory | null {
    const { countBytes, entryBytes, offsetBytes } = this.layout;
    if (offset < 8 || offset + countBytes > this.bytes.length) return null;
    const entries = this.big ? this.u64(offset) : this.u16(offset);
    const end = offset + countBytes + entries * entryBytes;
    if (entries > 65_535 || end > this.bytes.length) return null;
    const fields = new Map<number, TiffField>();
    for (let at = offset + countBytes; at < end; at += entryBytes) {
      const field = this.readField(at);
      if (!fields.has(field.tag)) fields.set(field.tag, field);
    }
    // Some writers leave out the offset that ends the chain.
    if (end + offsetBytes > this.bytes.length) return { offset, fields, entries, next: 0, nextAt: null };
    return { offset, fields, entries, next: this.big ? this.u64(end) : this.u32(end), nextAt: end };
  }

  private readField(entry: number): TiffField {
    const [tag, type] = [this.u16(entry), this.u16(entry + 2)];
    const count = this.big ? this.u64(entry + 4) : this.u32(entry + 4);
    const value = entry + this.layout.valueAt;
    // Values that fit stand in the entry itself.
    const inline = count * (VALUE_BYTES[type] ?? 1) <= this.layout.inlineBytes;
    return { tag, type, count, entry, at: inline ? value : this.big ? this.u64(value) : this.u32(value) };
  }

  /** Where the values of a field end. */
  endOf({ type, count, at }: TiffField): number {
    return at + count * (VALUE_BYTES[type] ?? 1);
  }

  /** One value of a field of whole numbers. */
  value({ type, at }: TiffField, index = 0): number {
    if (type === BYTE) return this.bytes.readUInt8(at + index);
    if (type === 3) return this.u16(at + 2 * index);
    return type === 16 || type === 18 ? this.u64(at + 8 * index) : this.u32(at + 4 * index);
  }

  /** The first value of a field, if there is one and it lies in the file. */
  first({ fields }: TiffDirectory, tag: number): number | undefined {
    const field = fields.get(tag);
    if (field === undefined || field.count === 0 || this.endOf(field) > this.bytes.length) return undefined;
    return this.value(field);
  }

  private u16(at: number): number {
    return this.little ? this.bytes.readUInt16LE(at) : this.bytes.readUInt16BE(at);
  }

  private u32(at: number): number {
    return this.little ? this.bytes.readUInt32LE(at) : this.bytes.readUInt32BE(at);
  }

  private u64(at: number): number {
    return Number(this.little ? this.bytes.readBigUInt64LE(at) : this.bytes.readBigUInt64BE(at));
  }
}
