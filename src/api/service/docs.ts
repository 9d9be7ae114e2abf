import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { type RequestHandler, Router } from 'express';
import { contentSecurityPolicy } from 'helmet';
import swaggerUi from 'swagger-ui-dist/package.json' with { type: 'json' };
import { z } from 'zod';
import { defineOperation } from '../http/operation.ts';

/** Each version has a folder of its own, so a browser never shows a page with cached files of another version. */
export const DOCS_FILES = `/docs/${swaggerUi.version}`;
const SERVED = new Set(['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']);

/** `validatorUrl` is off, because it would send the document to somebody else's server. */
const START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  validatorUrl: null,
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
});
`;

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Validatr API</title>
<link rel="icon" href="${DOCS_FILES}/favicon-32x32.png">
<link rel="stylesheet" href="${DOCS_FILES}/swagger-ui.css">
<script src="${DOCS_FILES}/swagger-ui-bundle.js" defer></script>
<script src="${DOCS_FILES}/start.js" defer></script>
</head>
<body>
<div id="docs"></div>
</body>
</html>
`;

/** The page loads from this host only. There is no upgrade to https, because the host may have none. */
const onlyFromHere = contentSecurityPolicy({
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
});

export interface DocsDeps {
  readonly openApiDocument: () => object;
}

export const getOpenApi = defineOperation({
  method: 'get',
  path: '/openapi.json',
  id: 'getOpenApi',
  tag: 'service',
  summary: 'This document',
  scope: null,
  replies: { 200: { description: 'OpenAPI 3.1.', schema: z.record(z.string(), z.unknown()) } },
  handle({ openApiDocument }: DocsDeps) {
    // Built for the first request, so it does not delay the start.
    let document: string | undefined;
    return (_req, res) => {
      document ??= JSON.stringify(openApiDocument());
      res.type('application/json').set('Cache-Control', 'no-cache').send(document);
    };
  },
});

export const getDocs = defineOperation({
  method: 'get',
  path: '/docs',
  id: 'getDocs',
  tag: 'service',
  summary: 'This document as a page',
  scope: null,
  replies: { 200: { description: 'The page.', schema: z.string(), mediaType: 'text/html' } },
  before: () => onlyFromHere,
  handle: () => (_req, res) => {
    res.type('html').set('Cache-Control', 'no-cache').send(PAGE);
  },
});

/** The files of the page, from this host. */
export function serveDocsFiles(): Router {
  const router = Router();
  router.get(`${DOCS_FILES}/start.js`, (_req, res) => {
    res.type('js').set('Cache-Control', 'public, max-age=3600').send(START);
  });
  router.use(
    DOCS_FILES,
    onlyServed,
    express.static(swaggerUiFolder(), { immutable: true, maxAge: '365d', index: false }),
  );
  return router;
}

/** The package also holds source maps, other bundles and a page of its own. */
const onlyServed: RequestHandler = (req, _res, next) =>
  next(SERVED.has(req.path.slice(1)) ? undefined : 'router');

function swaggerUiFolder(): string {
  return dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/swagger-ui.css')));
}
