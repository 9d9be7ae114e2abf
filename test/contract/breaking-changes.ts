import { compareSchemas, type Schema, type Writer } from './compare-schemas.ts';

/** What is read of an OpenAPI document. */
export interface Document {
  readonly paths?: Readonly<Record<string, PathItem>>;
  readonly webhooks?: Readonly<Record<string, PathItem>>;
  readonly components?: unknown;
}
type PathItem = Readonly<Record<string, Operation>>;

interface Operation {
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Body & { readonly required?: boolean };
  readonly responses?: Readonly<Record<string, Response>>;
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: Schema;
}
interface Body {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}
interface Response extends Body {
  readonly headers?: Readonly<Record<string, { readonly required?: boolean }>>;
}

export interface BreakingChange {
  /** `GET /assets/{id}`, or `event onStart`. */
  readonly operation: string;
  readonly what: string;
}

/** What of the document `next` breaks clients and receivers that were written by `last`. */
export function findBreakingChanges(last: Document, next: Document): BreakingChange[] {
  const compare = (name: string, before: Operation, after: Operation | undefined, isEvent: boolean) => {
    const faults = after === undefined ? ['is gone'] : compareOperations(before, after, isEvent);
    return faults.map((what) => ({ operation: name, what }));
  };
  // What is sent to webhooks is written by us: of an event the body is the answer.
  const compareOperations = (before: Operation, after: Operation, isEvent: boolean) => [
    ...(isEvent ? [] : compareSecurity(before, after)),
    ...compareParameters(before, after, isEvent ? 'api' : 'client'),
    ...compareBodies('body', before.requestBody, after.requestBody, isEvent ? 'api' : 'client'),
    ...(before.requestBody?.required !== true && after.requestBody?.required === true && !isEvent
      ? ['body: is required now']
      : []),
    ...(isEvent ? [] : compareResponses(before, after)),
  ];

  const inLast = resolver(last);
  const inNext = resolver(next);
  const schemas = (before: Schema, after: Schema, at: string, writer: Writer) =>
    compareSchemas(before, after, { writer, at, resolveLast: inLast, resolveNext: inNext });

  function compareParameters(before: Operation, after: Operation, writer: Writer): string[] {
    const [given, taken] = [before.parameters ?? [], after.parameters ?? []].map(
      (list) => new Map(list.map((parameter) => [`${parameter.in} ${parameter.name}`, parameter])),
    ) as [Map<string, Parameter>, Map<string, Parameter>];
    const gone = [...given.keys()].filter((name) => !taken.has(name)).map((name) => `${name}: is gone`);
    const kept = [...taken].flatMap(([name, parameter]) => {
      const earlier = given.get(name);
      const isNewDuty = writer === 'client' && parameter.required === true && earlier?.required !== true;
      return [
        ...(isNewDuty ? [`${name}: is required now`] : []),
        ...(earlier === undefined ? [] : schemas(earlier.schema ?? {}, parameter.schema ?? {}, name, writer)),
      ];
    });
    return [...gone, ...kept];
  }

  function compareBodies(at: string, before: Body | undefined, after: Body | undefined, writer: Writer) {
    return Object.entries(before?.content ?? {}).flatMap(([type, { schema = {} }]) => {
      const other = after?.content?.[type];
      return other === undefined
        ? [`${at}: ${type} is gone`]
        : schemas(schema, other.schema ?? {}, at, writer);
    });
  }

  function compareResponses(before: Operation, after: Operation): string[] {
    return Object.entries(before.responses ?? {}).flatMap(([status, given]) => {
      const found = after.responses?.[status];
      if (found === undefined) return [`${status}: is gone`];
      const [response, other] = [inLast(given), inNext(found)];
      const headers = Object.entries(response.headers ?? {}).filter(
        ([name, header]) =>
          inLast(header).required === true && inNext(other.headers?.[name] ?? {}).required !== true,
      );
      return [
        ...headers.map(([name]) => `${status} ${name}: is no longer certain`),
        ...compareBodies(status, response, other, 'api'),
      ];
    });
  }

  return [
    ...operationsOf(last.paths).flatMap(([path, method, operation]) =>
      compare(`${method.toUpperCase()} ${path}`, operation, next.paths?.[path]?.[method], false),
    ),
    ...operationsOf(last.webhooks).flatMap(([event, method, operation]) =>
      compare(`event ${event}`, operation, next.webhooks?.[event]?.[method], true),
    ),
  ];
}

function operationsOf(items: Document['paths'] = {}): [string, string, Operation][] {
  return Object.entries(items).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): [string, string, Operation] => [path, method, operation]),
  );
}

/** Keys made for an operation have to go on working. */
function compareSecurity(before: Operation, after: Operation): string[] {
  const scopes = ({ security = [] }: Operation) => security.flatMap((needed) => Object.values(needed).flat());
  const added = scopes(after).filter((scope) => !scopes(before).includes(scope));
  return added.map((scope) => `needs the scope ${scope} now`);
}

/** Follows `$ref` within the document. */
function resolver(document: Document) {
  return function resolve<Node extends object>(node: Node): Node {
    const { $ref } = node as { $ref?: string };
    if ($ref === undefined) return node;
    const found = $ref
      .split('/')
      .slice(1)
      .reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], document);
    return resolve(found as Node);
  };
}
