import type { Response } from 'express';
import { z } from 'zod';

/** Items on a page. */
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

/** The query parameters of a page: `cursor` is the id of the last item of the page before. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
  cursor: z.uuid({ error: 'must be a UUID' }).optional(),
};

/** Answers with a page. If it is full, `Link` (RFC 8288) leads to the next one. */
export function sendPage<Item extends { readonly id: string }>(
  res: Response,
  items: readonly Item[],
  { limit, represent }: { limit: number; represent: (item: Item) => object },
): void {
  const last = items.at(-1);
  if (last !== undefined && items.length === limit) {
    const [path = '', query] = res.req.originalUrl.split('?');
    const next = new URLSearchParams(query);
    next.set('cursor', last.id);
    res.set('Link', `<${path}?${next.toString()}>; rel="next"`);
  }
  res.json(items.map(represent));
}
