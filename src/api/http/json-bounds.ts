import { AppError } from '../../domain/errors.ts';
import { asPointer } from './parse.ts';

/** Far more than any request needs. Within these bounds a body is cheap to check and to echo. */
const MAX_DEPTH = 32;
const MAX_ENTRIES = 1_000;

const MAX_POINTER_LENGTH = 200;

interface Container {
  readonly value: Record<string, unknown>;
  readonly depth: number;
  readonly key: string | null;
  readonly parent: Container | null;
}

/**
 * Refuses JSON that is nested too deep, or has too many elements or members in one place. It uses no recursion: the parser
 * accepts any depth, which would overflow the stack. @throws {AppError} `invalid_request`, with the place
 */
export function checkBounds(body: unknown): void {
  const waiting: Container[] = [];
  if (isContainer(body)) waiting.push({ value: body, depth: 1, key: null, parent: null });
  for (let container = waiting.pop(); container !== undefined; container = waiting.pop()) {
    const { value, depth } = container;
    if (depth > MAX_DEPTH) throw outOfBounds(container, 'too_deep', `is nested more than ${MAX_DEPTH} deep`);
    const keys = Object.keys(value);
    if (keys.length > MAX_ENTRIES) {
      const what = Array.isArray(value) ? 'elements' : 'members';
      throw outOfBounds(container, 'too_big', `has more than ${MAX_ENTRIES} ${what}`);
    }
    for (const key of keys) {
      const child = value[key];
      if (isContainer(child)) waiting.push({ value: child, depth: depth + 1, key, parent: container });
    }
  }
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function outOfBounds(container: Container, code: string, detail: string): AppError {
  let pointer = '';
  for (let at: Container | null = container; at !== null; at = at.parent)
    if (at.key !== null) pointer = asPointer(at.key) + pointer;
  if (pointer.length > MAX_POINTER_LENGTH) pointer = `${pointer.slice(0, MAX_POINTER_LENGTH)}…`;
  return new AppError('invalid_request', {
    detail: `${pointer || 'the request'}: ${detail}`,
    faults: [{ pointer, code, detail }],
  });
}
