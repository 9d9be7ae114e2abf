import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BlobServiceClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { freePort } from '../../../src/dev/free-port.ts';
import { installNode } from '../node-environment.ts';
import { type StartedStore, startServer } from './object-store.ts';

/** The account that every emulator of Azure storage has. */
const ACCOUNT = 'devstoreaccount1';
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

const CONTAINER = 'open';

/** Azurite: Azure's own emulator of its storage. */
export async function startAzurite(): Promise<StartedStore> {
  const installed = await installNode('azurite', '3.37.0');
  if ('missing' in installed) return installed;
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}/${ACCOUNT}`;
  const args = ['--blobHost', '127.0.0.1', '--blobPort', String(port), '--silent', '--inMemoryPersistence'];
  const close = await startServer(
    process.execPath,
    // The SDK may be newer than the emulator.
    [join(installed.dir, 'dist/src/blob/main.js'), ...args, '--skipApiVersionCheck', '--disableTelemetry'],
    { probe: endpoint, cwd: tmpdir() },
  );
  const credential = new StorageSharedKeyCredential(ACCOUNT, KEY);
  const container = new BlobServiceClient(endpoint, credential).getContainerClient(CONTAINER);
  await container.create();
  const put = async (name: string, content: Buffer) =>
    void (await container.getBlockBlobClient(name).upload(content, content.length));
  await put('closed.jpg', Buffer.from('closed'));
  const mayWriteOnly = generateBlobSASQueryParameters(
    {
      containerName: CONTAINER,
      permissions: ContainerSASPermissions.parse('w'),
      expiresOn: new Date(Date.now() + 86_400_000),
    },
    credential,
  );
  const reach = { tenants: ['*'], buckets: ['*'] };
  const writer = `BlobEndpoint=${endpoint};SharedAccessSignature=${mayWriteOnly.toString()}`;
  return {
    profiles: {
      azure: { kind: 'azure', endpoint, credentials: { account: ACCOUNT, key: KEY }, ...reach },
      writer: { kind: 'azure', credentials: { connectionString: writer }, ...reach },
    },
    pathOf: (blob) => ({ location: 'azure', container: CONTAINER, blob }),
    put,
    grow: put,
    forbidden: { location: 'azure', container: CONTAINER, blob: 'closed.jpg', profile: 'writer' },
    forbiddenCause: 'forbidden',
    close,
  };
}
