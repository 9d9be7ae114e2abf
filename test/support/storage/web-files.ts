import { serveFiles } from '../stand-ins/file-server.ts';
import { startWebServer } from '../stand-ins/web-server.ts';
import { startLocalFiles } from './local-files.ts';
import type { ObjectStore } from './object-store.ts';

/** Files of this machine behind a web server. It refuses the one that lies outside of its directory. */
export async function startWebFiles(): Promise<ObjectStore> {
  const files = await startLocalFiles();
  const server = await startWebServer(serveFiles(files.dir));
  const pathOf = (name: string) => ({ location: 'http' as const, url: urlOf(server.url, name) });
  return {
    profiles: {},
    pathOf,
    put: files.put,
    grow: files.grow,
    forbiddenCause: 'forbidden',
    forbidden: pathOf('forbidden.jpg'),
    async close() {
      await server.close();
      await files.close();
    },
  };
}

/** As a client writes it: each part encoded, so that `?`, `#` and `%` belong to the name. */
function urlOf(origin: string, name: string): string {
  return `${origin}/${name.split('/').map(encodeURIComponent).join('/')}`;
}
