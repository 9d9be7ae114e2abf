import { writeFile } from 'node:fs/promises';
import { createOpenApiDocument } from '../src/api/openapi/document.ts';

/** `npm run openapi`: the committed copy of the document. */
await writeFile('docs/openapi.json', `${JSON.stringify(createOpenApiDocument(), null, 2)}\n`);
