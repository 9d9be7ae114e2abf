import type { z } from 'zod';

/** The unit of a size, by type. */
const UNITS: Readonly<Record<string, string>> = { string: 'character', array: 'element' };

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
};

/**
 * The text of a fault, to be read after the name of its field. A text that the schema itself has takes precedence.
 * Undefined: zod's text is used. Texts are for people. Programs use pointer and code.
 */
export function wordsOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type': {
      if (issue.input === undefined) return 'is required';
      const type = TYPES[issue.expected];
      return type && `must be ${type}`;
    }
    case 'invalid_value':
      return issue.input === undefined ? 'is required' : oneOf(issue.values);
    case 'invalid_union': {
      const { discriminator, input } = issue;
      const options = issue.options as readonly z.core.util.Primitive[] | undefined;
      if (discriminator === undefined || options === undefined) return undefined;
      return Object(input)[discriminator] === undefined ? 'is required' : oneOf(options);
    }
    case 'too_big':
      return boundOf(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    case 'too_small':
      return boundOf(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum);
    case 'invalid_format':
      return issue.pattern === undefined ? undefined : `must match ${issue.pattern}`;
    case 'invalid_key': {
      const [fault] = issue.issues;
      return fault && `has a name that ${fault.message}`;
    }
    case 'unrecognized_keys':
      return 'is not a known field';
    default:
      return undefined;
  }
}

function oneOf(values: readonly z.core.util.Primitive[]): string {
  const texts = values.map((value) => (typeof value === 'string' ? JSON.stringify(value) : String(value)));
  return texts.length === 1 ? `must be ${texts[0]}` : `must be one of ${texts.join(', ')}`;
}

function boundOf(origin: string, comparison: string, bound: number | bigint): string {
  const unit = UNITS[origin];
  return unit === undefined
    ? `must be ${comparison} ${bound}`
    : `must have ${comparison} ${bound} ${unit}${Number(bound) === 1 ? '' : 's'}`;
}
