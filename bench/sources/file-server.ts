import { resolve } from 'node:path';
import { serveFiles } from '../../test/support/stand-ins/file-server.ts';
import { startWebServer } from '../../test/support/stand-ins/web-server.ts';

/**
 * A web server with the samples, as a process of its own, so that its processor time can be told apart. It tells its URL to its
 * parent, and ends with it.
 */
process.once('disconnect', () => process.exit(0));
const server = await startWebServer(serveFiles(resolve('assets')));
process.send?.(server.url);
