import etag from 'etag';
import type { Response } from 'express';

/**
 * Answers with JSON and its ETag; who has it already gets 304. `send` sees to that (`fresh`: lists, `*`, weak comparison, GET
 * and HEAD only), but takes the `Cache-Control: no-cache` that every `fetch` adds to an If-None-Match for "send it again".
 */
export function sendTagged(res: Response, body: object): void {
  const text = JSON.stringify(body);
  delete res.req.headers['cache-control'];
  // Weak: the tag is of the content, whatever encoding a proxy gives it.
  res.set('ETag', etag(text, { weak: true }));
  res.type('json').send(text);
}
