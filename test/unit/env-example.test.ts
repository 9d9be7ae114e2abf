import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { environmentSchema } from '../../src/config.ts';

const example = readFileSync(new URL('../../.env-example', import.meta.url), 'utf8');
const compose = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8');

/** `NAME=value` is set; `# NAME=value` is a comment that shows the default. The comment lines above tell the meaning. */
const variables = new Map<string, { isSet: boolean; value: string; comment: string }>();
let comment = '';
for (const line of example.split('\n')) {
  const [, hash, name, value] = /^(# )?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
  if (name !== undefined && value !== undefined) {
    expect(variables.has(name), `${name} stands in .env-example once`).toBe(false);
    variables.set(name, { isSet: hash === undefined, value, comment });
    comment = '';
  } else {
    comment = line === '' ? '' : `${comment}${line.replace(/^# /, '')}\n`;
  }
}

const schema = environmentSchema.shape;
const names = Object.keys(schema) as (keyof typeof schema)[];
const defaults = environmentSchema.parse({});

describe('.env-example', () => {
  it.each(names)('explains %s in the words of the schema', (name) => {
    const { description } = schema[name];
    expect(description, `${name} has a describe() in src/config.ts`).toBeTruthy();
    expect(variables.get(name)?.comment ?? `${name} is missing`).toContain(description);
  });

  it.each(names.filter((name) => variables.get(name)?.isSet === false))('shows the default of %s', (name) => {
    const value = defaults[name];
    const text = typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value ?? '');
    expect(variables.get(name)?.value).toBe(text);
  });

  it('names no variable that neither the schema nor compose knows', () => {
    const known = new Set<string>([
      ...names,
      ...[...compose.matchAll(/\$\{([A-Z0-9_]+)/g)].map(([, name]) => String(name)),
    ]);
    expect([...variables.keys()].filter((name) => !known.has(name))).toEqual([]);
  });

  it('is usable as it stands: the schema accepts the values it sets', () => {
    const set = [...variables]
      .filter(([, { isSet }]) => isSet)
      .map(([name, { value }]) => [name, value] as const);
    expect(environmentSchema.safeParse(Object.fromEntries(set)).error?.issues).toBeUndefined();
  });

  it('sets every variable that compose needs', () => {
    const required = [...compose.matchAll(/\$\{([A-Z0-9_]+):\?/g)].map(([, name]) => String(name));
    expect(new Set(required)).toEqual(
      new Set(['POSTGRES_PASSWORD', 'VALIDATR_DB_PASSWORD', 'TEMPORAL_DB_PASSWORD', 'SECRETS_KEY']),
    );
    // A key in a public file protects nothing, so `make server` fills one in.
    expect(variables.get('SECRETS_KEY')).toMatchObject({ isSet: true, value: '' });
    for (const name of required.filter((one) => one !== 'SECRETS_KEY'))
      expect(variables.get(name)).toMatchObject({ isSet: true, value: expect.stringMatching(/^[\w-]+$/) });
  });
});
