import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** A plain web server's answers: the files of a directory. It refuses what lies outside of it. */
export function serveFiles(dir: string): RequestListener {
  return (req, res) => {
    void answer(dir, req, res).catch(({ code }: NodeJS.ErrnoException) => {
      if (!res.headersSent) res.writeHead(code === 'ENOENT' ? 404 : 500);
      res.end();
    });
  };
}

/** A file may grow meanwhile. Its answer has as many bytes as the head says. */
async function answer(
  dir: string,
  { method, url = '' }: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const [path = ''] = url.split('?');
  const file = await realpath(join(dir, decodeURIComponent(path)));
  if (!file.startsWith(dir + sep)) return void res.writeHead(403).end();
  const { size } = await stat(file);
  res.writeHead(200, { 'content-length': size });
  if (method === 'HEAD' || size === 0) res.end();
  else await pipeline(createReadStream(file, { end: size - 1 }), res);
}
