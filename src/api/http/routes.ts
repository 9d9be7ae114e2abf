import type { RequestHandler, Router } from 'express';
import { AppError } from '../../domain/errors.ts';

type Method = 'get' | 'post' | 'delete';

/**
 * Registers a path with its handlers; any other method is answered 405 with `Allow`. Express routes match with and
 * without a final slash, without a redirect, and answer HEAD where there is a GET.
 */
export function route(
  router: Router,
  path: string,
  handlers: { readonly [method in Method]?: RequestHandler[] },
): void {
  const methods = Object.keys(handlers) as Method[];
  const allow = methods.flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
  allow.push('OPTIONS');
  for (const method of methods) router[method](path, ...(handlers[method] ?? []));
  router.options(path, (_req, res) => {
    res.set('Allow', allow.join(', ')).status(204).end();
  });
  router.all(path, (_req, res) => {
    res.set('Allow', allow.join(', '));
    throw new AppError('method_not_allowed', { detail: `Allowed: ${allow.join(', ')}.` });
  });
}
