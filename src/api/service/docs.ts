import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { type RequestHandler, Router } from 'express';
import { contentSecurityPolicy } from 'helmet';
import swaggerUi from 'swagger-ui-dist/package.json' with { type: 'json' };
import { createOpenApiDocument } from '../openapi/document.ts';
import { route } from '../http/routes.ts';

/** A name of its own for each version: what a browser has kept is never another version's. */
const FILES = `/docs/${swaggerUi.version}`;
const SERVED = new Set(['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']);

/** `validatorUrl`: it would send the document to a server of others. */
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
<link rel="icon" href="${FILES}/favicon-32x32.png">
<link rel="stylesheet" href="${FILES}/swagger-ui.css">
<script src="${FILES}/swagger-ui-bundle.js" defer></script>
<script src="${FILES}/start.js" defer></script>
</head>
<body>
<div id="docs"></div>
</body>
</html>
`;

/** Nothing from elsewhere, and no upgrade to https: the page has to work on a host that has none. */
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

/** `/openapi.json`, and the page that shows it: all of it from this host. */
export function createDocsRouter(): Router {
  const router = Router();
  // Built when it is first asked for: a start does not wait for it.
  let document: string | undefined;

  route(router, '/openapi.json', {
    get: [
      (_req, res) => {
        document ??= JSON.stringify(createOpenApiDocument());
        res.type('application/json').set('Cache-Control', 'no-cache').send(document);
      },
    ],
  });

  route(router, '/docs', {
    get: [
      onlyFromHere,
      (_req, res) => {
        res.type('html').set('Cache-Control', 'no-cache').send(PAGE);
      },
    ],
  });

  router.get(`${FILES}/start.js`, (_req, res) => {
    res.type('js').set('Cache-Control', 'public, max-age=3600').send(START);
  });
  router.use(
    FILES,
    onlyServed,
    express.static(swaggerUiFolder(), { immutable: true, maxAge: '365d', index: false }),
  );
  return router;
}

/** The package also holds source maps, other bundles, and a page that tells of its own. */
const onlyServed: RequestHandler = (req, _res, next) =>
  next(SERVED.has(req.path.slice(1)) ? undefined : 'router');

function swaggerUiFolder(): string {
  return dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/swagger-ui.css')));
}
