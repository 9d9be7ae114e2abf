import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { noteFileName } from '../../../../src/domain/file-name.ts';
import type { ImageFacts } from '../../../../src/domain/image-facts.ts';
import {
  createNote,
  damageOf,
  IMAGE_NOTE_CODES,
  MAX_NOTES,
  severityOf,
} from '../../../../src/domain/image-notes.ts';

describe('the notes of images', () => {
  it('and docs/checks.md name the same codes with the same severity, and errors with the same reason', () => {
    const text = readFileSync('docs/checks.md', 'utf8');
    const rows = [...text.matchAll(/^\| `(\w+)` \| (error|warning|info) \| ([^|]+) \|/gm)].map(
      ([, code, severity, reason]) => [code, severity === 'error' ? `error: ${reason}` : severity],
    );
    const ours = IMAGE_NOTE_CODES.map((code) => {
      const reason = code === 'undecodable' ? 'that of `detail`' : damageOf([createNote(code)]);
      return [code, severityOf(code) === 'error' ? `error: ${reason}` : severityOf(code)];
    });
    expect(rows).toEqual(ours);
  });

  it('mean damage from their first error on, and not by warnings', () => {
    expect(damageOf([createNote('trailing_bytes'), createNote('animated')])).toBeNull();
    expect(
      damageOf([
        createNote('trailing_bytes'),
        createNote('png_crc_mismatch'),
        createNote('png_missing_iend'),
      ]),
    ).toBe('bad checksum');
  });
});

describe('the note of a file name', () => {
  const facts: ImageFacts = {
    format: 'PNG',
    width: 1,
    height: 1,
    bytes: 1,
    sha256: '',
    integrity: { state: 'intact' },
  };
  const codesOf = (path: string) => noteFileName(facts, path).notes?.map(({ code }) => code);

  it.each(['a.jpg', 'dir.png/a.JPEG', 'a.png.gif', './a.webp'])('is there for a PNG named %s', (path) => {
    expect(codesOf(path)).toEqual(['extension_mismatch']);
  });

  it.each([
    ['PNG', 'named .jpg, but is a PNG'],
    ['ICO', 'named .jpg, but is an ICO'],
  ] as const)('says in words what a %s is named and what it is', (format, detail) => {
    expect(noteFileName({ ...facts, format }, 'a.JPG').notes).toMatchObject([{ detail }]);
  });

  it.each(['a.png', 'a.APNG', 'a', 'a.', 'png', 'a.jpg/b', 'a.txt', 'a.nef', 'a.jpg\0'])(
    'is not there for a PNG named %j',
    (path) => {
      expect(codesOf(path)).toBeUndefined();
    },
  );

  it('never makes the notes more than 20, and keeps the first', () => {
    const notes = Array.from({ length: MAX_NOTES }, () => createNote('png_crc_mismatch'));
    const noted = noteFileName({ ...facts, notes }, 'a.jpg').notes;
    expect(noted).toHaveLength(MAX_NOTES);
    expect(noted?.[0]?.code).toBe('png_crc_mismatch');
    expect(noted?.at(-1)?.code).toBe('extension_mismatch');
  });
});
