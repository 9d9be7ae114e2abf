import etag from 'etag';
import type { Response } from 'express';

/**
 * Answers with JSON and its ETag, or with 304 if the client has the same already. Express' `send` decides (`fresh`: lists, `*`,
 * weak comparison, GET and HEAD only). `fetch` adds `Cache-Control: no-cache` to every request with If-None-Match. `send`
 * would never answer 304 then, so that header is removed.
 */
export function sendTagged(res: Response, body: object): void {
  const text = JSON.stringify(body);
  delete res.req.headers['cache-control'];
  // Weak, because a proxy may encode the same content differently.
  res.set('ETag', etag(text, { weak: true }));
  res.type('json').send(text);
}
