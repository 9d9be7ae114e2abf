import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { z } from 'zod';
import type { ZodOpenApiCallbacksObject } from 'zod-openapi';
import type { Scope } from '../../domain/api-key.ts';
import { AppError, type ErrorCode } from '../../domain/errors.ts';
import { requireScope } from './auth.ts';
import { isOfType } from './file-body.ts';
import { jsonBody } from './json-body.ts';
import { refuseUnknownParameters } from './parameters.ts';
import { parse } from './parse.ts';

/**
 * One operation of the API is one object. The router serves it (`routeOperations`), and the OpenAPI document describes it
 * (`openapi/paths.ts`). Both read the same object, so they always agree.
 */

/** The part of an operation that the OpenAPI document shows. It needs no dependencies. */
export interface Description<Body extends z.ZodType = z.ZodType, Query extends z.ZodObject = z.ZodObject> {
  readonly method: 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete' | 'options';
  /** As in OpenAPI, without the final slash: `/assets/{id}`. */
  readonly path: string;
  /** Parameters of the path that are not UUIDs. */
  readonly params?: Readonly<Record<string, z.ZodType>>;
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** The scope that the API key needs. `any`: a key with any scope. Null: the operation needs no key. */
  readonly scope: Scope | 'any' | null;
  /** Answered however many requests are in flight. Only operations without a scope may set it. */
  readonly isExempt?: true;
  /** Answered although the key has used up its requests of the minute, and not counted among them. */
  readonly isFree?: true;
  readonly query?: Query;
  readonly headers?: z.ZodObject;
  /** `ignored`: the operation needs no body, but a body that is sent has to be JSON. */
  readonly body?: JsonBody<Body> | 'ignored';
  /** Bodies that are files, by media type. The handler reads them by itself (`file-body.ts`). */
  readonly files?: Readonly<Record<string, FileBody>>;
  /** The good answers, by status. */
  readonly replies: Readonly<Record<number, Reply>>;
  /** The errors of this operation alone. `openapi/paths.ts` adds those of every operation and of every body. */
  readonly problems?: readonly ErrorCode[];
  readonly callbacks?: ZodOpenApiCallbacksObject;
}

export interface JsonBody<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  /** A missing body is read as `{}`. */
  readonly optional?: true;
  /** By name. Each works with `make dev`, without changes. */
  readonly examples: Readonly<Record<string, unknown>>;
}

interface FileBody {
  readonly schema: z.ZodType;
}

export interface Reply {
  readonly description: string;
  /** Missing: the answer has no body. */
  readonly schema?: z.ZodType;
  /** Default: `application/json`. */
  readonly mediaType?: string;
  /** Besides `X-Request-Id`. */
  readonly headers?: Readonly<Record<string, z.ZodType>>;
  readonly example?: unknown;
  /** Ids of operations that take the answer's `id`. */
  readonly leadsTo?: readonly string[];
}

/** The request, read by the operation's schemas when the handler asks for it. */
interface Input<Body, Query> {
  /** @throws {AppError} `invalid_request`, naming every field at fault */
  readonly body: () => Body;
  /** @throws {AppError} `invalid_request`, naming every parameter at fault */
  readonly query: () => Query;
}

type Handler<Body, Query> = (req: Request, res: Response, input: Input<Body, Query>) => void | Promise<void>;

interface Handling<Deps, Body, Query> {
  /** Runs after the scope check and before the body is read. It may refuse the request or set headers. */
  readonly before?: (deps: Deps) => RequestHandler;
  readonly handle: (deps: Deps) => Handler<Body, Query>;
}

/** `never`, because one list holds handlers of all kinds of input. */
export interface Operation<Deps> extends Description, Handling<Deps, never, never> {}

/** Types the handler's input by the operation's own schemas. */
export function defineOperation<Deps, Body extends z.ZodType, Query extends z.ZodObject>(
  operation: Description<Body, Query> & Handling<Deps, z.output<Body>, z.output<Query>>,
): Operation<Deps> {
  return operation;
}

/**
 * Serves the operations: `first`, checks of scope and parameters' names, the operation's own `before`, JSON body, handler. Any other method of a path is
 * answered 405 with `Allow`. Express matches with and without a final slash, without a redirect. It answers HEAD wherever
 * there is a GET.
 */
export function routeOperations<Deps>(
  operations: readonly Operation<Deps>[],
  deps: Deps,
  ...first: readonly RequestHandler[]
): Router {
  const router = Router();
  const paths = Map.groupBy(operations, ({ path }) => path);
  for (const path of [...paths.keys()].sort(byPrecedence)) {
    const ofPath = paths.get(path) ?? [];
    const allow = allowedMethods(ofPath);
    const route = router.route(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    if (first.length > 0) route.all(...first);
    for (const operation of ofPath) route[operation.method](...handlersOf(operation, deps));
    route.options((_req, res) => {
      res.set('Allow', allow).status(204).end();
    });
    route.all((_req, res) => {
      res.set('Allow', allow);
      throw new AppError('method_not_allowed', { detail: `Allowed: ${allow}.` });
    });
  }
  return router;
}

/** Express takes the first pattern that matches, so `/assets/image` has to come before `/assets/{id}`. */
function byPrecedence(one: string, other: string): number {
  // U+FFFF sorts after every other character, so parameters come after every name.
  const key = (path: string) => path.replaceAll(/\{\w+\}/g, '\uffff');
  return key(one) < key(other) ? -1 : 1;
}

function allowedMethods(operations: readonly Description[]): string {
  const methods = operations.flatMap(({ method }) =>
    method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()],
  );
  return [...methods.filter((method) => method !== 'OPTIONS'), 'OPTIONS'].join(', ');
}

function handlersOf<Deps>(operation: Operation<Deps>, deps: Deps): RequestHandler[] {
  const { scope, before, body, query, files } = operation;
  const handle = operation.handle(deps);
  return [
    // Probes, caches and webhook URLs bring parameters of their own, so operations without a key ignore those they do not know.
    ...(scope === null
      ? []
      : [
          ...(scope === 'any' ? [] : [requireScope(scope)]),
          refuseUnknownParameters(Object.keys(query?.shape ?? {})),
        ]),
    ...(before === undefined ? [] : [before(deps)]),
    ...(body === undefined
      ? []
      : [unlessFile(jsonBody({ optional: body === 'ignored' || body.optional === true }), files)]),
    (req, res) => handle(req, res, inputOf(operation, req)),
  ];
}

/** Reads the body as JSON, unless the operation takes files and the body says that it is one. */
function unlessFile(readJson: RequestHandler, files: Description['files']): RequestHandler {
  const types = Object.keys(files ?? {});
  if (types.length === 0) return readJson;
  return (req, res, next) =>
    isOfType(req.headers['content-type'], types) ? next() : readJson(req, res, next);
}

/** `never` stands for what the operation's own schemas read. `defineOperation` has checked that the handler takes it. */
function inputOf({ id, body, query }: Description, req: Request): Input<never, never> {
  return {
    body() {
      if (body === undefined || body === 'ignored') throw new Error(`${id} declares no body`);
      return parse(body.schema, req.body === undefined ? {} : req.body) as never;
    },
    query() {
      if (query === undefined) throw new Error(`${id} declares no query`);
      return parse(query, req.query) as never;
    },
  };
}
