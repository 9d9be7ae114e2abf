import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createOpenApiDocument } from '../../../../src/api/openapi/document.ts';
import {
  challengeEventBody,
  endEventBody,
  startEventBody,
  testEventBody,
} from '../../../../src/domain/events.ts';

const ID = '01a20d6b-029b-70ce-a38e-65984ddd12d0';
const ERRORS = { asset: ['Asset is not an image.'] };

const BODIES: Record<string, string> = {
  onStart: startEventBody(ID),
  onSuccess: endEventBody(ID, 'complete', null),
  onFailure: endEventBody(ID, 'failed', ERRORS),
  onCancel: endEventBody(ID, 'canceled', null),
  test: testEventBody(ID),
  challenge: challengeEventBody(ID, 'nonce'),
};

type JsonSchema = Exclude<Parameters<typeof z.fromJSONSchema>[0], boolean>;

const openApi = JSON.parse(JSON.stringify(createOpenApiDocument())) as {
  webhooks: Record<
    string,
    { post: { requestBody: { content: { 'application/json': { schema: JsonSchema } } } } }
  >;
  components: { schemas: Record<string, JsonSchema> };
};

/** The schema of an event's body, with no member beyond those that it names. */
function schemaOf(event: string): JsonSchema {
  const schema = openApi.webhooks[event]?.post.requestBody.content['application/json'].schema;
  const resolved = resolve(schema) as JsonSchema;
  return { ...resolved, additionalProperties: false };
}

function resolve(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(resolve);
  if (node === null || typeof node !== 'object') return node;
  const { $ref } = node as { $ref?: string };
  if ($ref !== undefined) return resolve(openApi.components.schemas[$ref.split('/').at(-1) ?? '']);
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolve(value)]));
}

describe('the bodies of webhook events', () => {
  it('cover all events of the OpenAPI document', () => {
    expect(Object.keys(BODIES).sort()).toEqual(Object.keys(openApi.webhooks).sort());
  });

  it.each(Object.keys(BODIES))('of %s is what the document says, and no more', (event) => {
    const body: unknown = JSON.parse(BODIES[event] ?? '');
    expect(z.fromJSONSchema(schemaOf(event)).parse(body)).toEqual(body);
    expect(Object.keys(body as object).sort()).toEqual([...(schemaOf(event).required ?? [])].sort());
  });

  it('is the same, byte for byte, as receivers have always got', () => {
    expect(BODIES['onStart']).toBe(`{"id":"${ID}","state":"in_progress"}`);
    expect(BODIES['onFailure']).toBe(
      `{"id":"${ID}","state":"failed","errors":{"asset":["Asset is not an image."]}}`,
    );
    expect(BODIES['onCancel']).toBe(`{"id":"${ID}","state":"canceled"}`);
  });
});
