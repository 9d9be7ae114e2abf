/** What is read of a JSON schema. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly [keyword: string]: unknown;
}

/** Who writes the JSON: a client (then no less may be accepted) or the API (then no less may be promised). */
export type Writer = 'client' | 'api';

type Resolve = (schema: Schema) => Schema;

const LOWER_BOUNDS = ['minLength', 'minimum', 'minItems', 'minProperties'];
const UPPER_BOUNDS = ['maxLength', 'maximum', 'maxItems', 'maxProperties'];

/** Says what of `next` breaks those who rely on `last`; `resolve` follows the references of each document. */
export function compareSchemas(
  last: Schema,
  next: Schema,
  context: { writer: Writer; at: string; resolveLast: Resolve; resolveNext: Resolve; depth?: number },
): string[] {
  const { writer, at, depth = 0 } = context;
  // Schemas may contain themselves.
  if (depth > 20) return [];
  const before = variantsOf(last, context.resolveLast);
  const after = variantsOf(next, context.resolveNext);
  // Of a client each form it knows has to be taken; of the API each form it gives has to be known.
  const [given, known] = writer === 'client' ? [before, after] : [after, before];
  return given.flatMap((variant) => {
    const faults = known.map((other) =>
      writer === 'client'
        ? compareVariants(variant, other, context)
        : compareVariants(other, variant, context),
    );
    if (faults.some((found) => found.length === 0)) return [];
    const alike = faults.filter((_found, index) => known[index]?.type === variant.type);
    if (alike.length === 1) return alike[0] ?? [];
    const name = String(variant.type ?? 'any');
    return [writer === 'client' ? `${at}: ${name} is no longer taken` : `${at}: may now be ${name}`];
  });
}

/** The forms that a value may have, each of one type. */
function variantsOf(schema: Schema, resolve: Resolve): Schema[] {
  const resolved = resolve(schema);
  const options = resolved.anyOf ?? resolved.oneOf;
  if (options !== undefined) return options.flatMap((option) => variantsOf(option, resolve));
  if (typeof resolved.type === 'object') return resolved.type.map((type) => ({ ...resolved, type }));
  return [resolved];
}

type Context = Parameters<typeof compareSchemas>[2];

function compareVariants(last: Schema, next: Schema, context: Context): string[] {
  const { writer, at } = context;
  if (last.type !== next.type) {
    // Without a type it is anything: more than before where a client writes, less where one reads.
    if ((writer === 'client' ? next : last).type === undefined) return [];
    return [`${at}: was ${String(last.type)}, is ${String(next.type)}`];
  }
  const deeper = { ...context, depth: (context.depth ?? 0) + 1 };
  return [
    ...compareValues(last, next, context),
    ...(writer === 'client' ? compareBounds(last, next, at) : []),
    ...compareProperties(last, next, deeper),
    ...(last.items === undefined || next.items === undefined
      ? []
      : compareSchemas(last.items, next.items, { ...deeper, at: `${at}[]` })),
  ];
}

/** New values in answers break nobody who heeds what the document says of them. */
function compareValues(last: Schema, next: Schema, { writer, at }: Context): string[] {
  const [before, after] = [last, next].map(({ const: only, enum: some }) =>
    only === undefined ? some : [only],
  );
  if (after === undefined)
    return writer === 'api' && before !== undefined ? [`${at}: is no longer an enum`] : [];
  if (writer === 'api') {
    const isOther = before !== undefined && !before.some((value) => after.includes(value));
    return isOther ? [`${at}: none of its values is left`] : [];
  }
  if (before === undefined) return [`${at}: takes certain values only`];
  const gone = before.filter((value) => !after.includes(value));
  return gone.map((value) => `${at}: ${JSON.stringify(value)} is no longer taken`);
}

function compareBounds(last: Schema, next: Schema, at: string): string[] {
  const tighter = [...LOWER_BOUNDS, ...UPPER_BOUNDS].filter((bound) => {
    const [before, after] = [last[bound], next[bound]];
    if (typeof after !== 'number') return false;
    if (typeof before !== 'number') return true;
    return UPPER_BOUNDS.includes(bound) ? after < before : after > before;
  });
  // Whether a pattern takes less than another nobody can tell: each change counts.
  const other = ['pattern', 'format'].filter((rule) => next[rule] !== undefined && next[rule] !== last[rule]);
  return [...tighter, ...other].map((rule) => `${at}: ${rule} is now ${String(next[rule])}`);
}

function compareProperties(last: Schema, next: Schema, context: Context): string[] {
  const { writer, at } = context;
  const [before, after] = [last.properties ?? {}, next.properties ?? {}];
  const [mandatory, stillMandatory] = [last.required ?? [], next.required ?? []];
  const faults = Object.entries(before).flatMap(([name, schema]) => {
    const here = after[name];
    if (here === undefined) return [`${at}.${name}: is gone`];
    return compareSchemas(schema, here, { ...context, at: `${at}.${name}` });
  });
  if (writer === 'client') {
    const added = stillMandatory.filter((name) => !mandatory.includes(name));
    faults.push(...added.map((name) => `${at}.${name}: is required now`));
    if (next.additionalProperties === false && last.additionalProperties !== false && last.type === 'object')
      faults.push(`${at}: unknown properties are no longer taken`);
  } else {
    const optional = mandatory.filter((name) => name in after && !stillMandatory.includes(name));
    faults.push(...optional.map((name) => `${at}.${name}: may be missing now`));
  }
  const [values, nextValues] = [last.additionalProperties, next.additionalProperties];
  if (typeof values === 'object' && typeof nextValues === 'object')
    faults.push(...compareSchemas(values, nextValues, { ...context, at: `${at}.*` }));
  return faults;
}
