import { describe, expect, it } from 'vitest';
import { type Document, findBreakingChanges } from './breaking-changes.ts';
import type { Schema } from './compare-schemas.ts';

const reader = (schema: Schema, more: object = {}): Document => ({
  paths: {
    '/x': { get: { responses: { 200: { content: { 'application/json': { schema } } } }, ...more } },
  },
});
const writer = (schema: Schema, more: object = {}): Document => ({
  paths: { '/x': { get: { requestBody: { content: { 'application/json': { schema } }, ...more } } } },
});
const taker = (...parameters: object[]): Document =>
  ({ paths: { '/x': { get: { parameters } } } }) as unknown as Document;
const event = (schema: Schema): Document => ({
  webhooks: { onX: { post: { requestBody: { content: { 'application/json': { schema } } } } } },
});

const text = { type: 'string' };
const object = (properties: Record<string, Schema>, more: object = {}) => ({
  type: 'object',
  properties,
  ...more,
});
const q = { name: 'q', in: 'query', schema: text };

describe('a change of the API breaks clients', () => {
  it.each<[string, Document, Document, string]>([
    ['an operation goes', reader(text), {}, 'is gone'],
    ['a status goes', reader(text), reader(text, { responses: {} }), '200: is gone'],
    [
      'a media type of an answer goes',
      reader(text),
      reader(text, { responses: { 200: { content: { 'text/plain': {} } } } }),
      '200: application/json is gone',
    ],
    [
      'a header is no longer certain',
      reader(text, { responses: { 200: { headers: { Location: { required: true } } } } }),
      reader(text, { responses: { 200: { headers: { Location: {} } } } }),
      '200 Location: is no longer certain',
    ],
    ['a property of an answer goes', reader(object({ a: text })), reader(object({})), '200.a: is gone'],
    [
      'a property of an answer may be missing',
      reader(object({ a: text }, { required: ['a'] })),
      reader(object({ a: text })),
      '200.a: may be missing now',
    ],
    [
      'an answer may be null',
      reader(object({ a: text })),
      reader(object({ a: { type: ['string', 'null'] } })),
      '200.a: may now be null',
    ],
    [
      'an answer has another type, deep down',
      reader({ type: 'array', items: object({ a: { anyOf: [text, { type: 'null' }] } }) }),
      reader({ type: 'array', items: object({ a: { anyOf: [{ type: 'integer' }, { type: 'null' }] } }) }),
      '200[].a: may now be integer',
    ],
    [
      'the values of a record change',
      reader({ type: 'object', additionalProperties: text }),
      reader({ type: 'object', additionalProperties: { type: 'integer' } }),
      '200.*: may now be integer',
    ],
    [
      'a literal of an answer changes',
      reader({ const: 1 }),
      reader({ const: 2 }),
      '200: none of its values is left',
    ],
    ['an enum of an answer opens', reader({ enum: ['a'] }), reader({}), '200: is no longer an enum'],
    [
      'a request needs another property',
      writer(object({ a: text })),
      writer(object({ a: text }, { required: ['a'] })),
      'body.a: is required now',
    ],
    ['a property of a request goes', writer(object({ a: text })), writer(object({})), 'body.a: is gone'],
    [
      'a request takes no unknown properties any more',
      writer(object({})),
      writer(object({}, { additionalProperties: false })),
      'body: unknown properties are no longer taken',
    ],
    [
      'a request takes one value less',
      writer({ ...text, enum: ['a', 'b'] }),
      writer({ ...text, enum: ['a'] }),
      'body: "b" is no longer taken',
    ],
    [
      'a request takes certain values only',
      writer(text),
      writer({ ...text, enum: ['a'] }),
      'body: takes certain values only',
    ],
    [
      'a request takes null no longer',
      writer({ anyOf: [text, { type: 'null' }] }),
      writer(text),
      'body: null is no longer taken',
    ],
    [
      'a request takes less text',
      writer({ ...text, maxLength: 9 }),
      writer({ ...text, maxLength: 8 }),
      'body: maxLength is now 8',
    ],
    [
      'a request takes no short text',
      writer(text),
      writer({ ...text, minLength: 1 }),
      'body: minLength is now 1',
    ],
    ['a request has a pattern', writer(text), writer({ ...text, pattern: 'x' }), 'body: pattern is now x'],
    ['a body is required', writer(text), writer(text, { required: true }), 'body: is required now'],
    ['a parameter goes', taker(q), taker(), 'query q: is gone'],
    [
      'a parameter is added that is required',
      taker(),
      taker({ ...q, required: true }),
      'query q: is required now',
    ],
    ['a parameter becomes required', taker(q), taker({ ...q, required: true }), 'query q: is required now'],
    [
      'a parameter takes another type',
      taker(q),
      taker({ ...q, schema: { type: 'integer' } }),
      'query q: string is no longer taken',
    ],
    [
      'an operation needs another scope',
      reader(text, { security: [{ apiKey: ['read'] }] }),
      reader(text, { security: [{ apiKey: ['admin'] }] }),
      'needs the scope admin now',
    ],
    ['an event loses a property', event(object({ a: text })), event(object({})), 'body.a: is gone'],
  ])('when %s', (_when, last, next, what) => {
    const operation = last.webhooks === undefined ? 'GET /x' : 'event onX';
    expect(findBreakingChanges(last, next)).toEqual([{ operation, what }]);
  });

  it.each<[string, Document, Document]>([
    ['an operation is added', {}, reader(text)],
    ['an answer has one property more', reader(object({})), reader(object({ a: text }, { required: ['a'] }))],
    ['an answer has one value more', reader({ enum: ['a'] }), reader({ enum: ['a', 'b'] })],
    ['an answer is null no longer', reader({ type: ['string', 'null'] }), reader(text)],
    ['a status is added', reader(text, { responses: {} }), reader(text)],
    ['a request takes one property more', writer(object({})), writer(object({ a: text }))],
    ['a request takes one value more', writer({ enum: ['a'] }), writer({ enum: ['a', 'b'] })],
    ['a request takes null too', writer(text), writer({ type: ['string', 'null'] })],
    ['a request takes more text', writer({ ...text, maxLength: 8 }), writer({ ...text, maxLength: 9 })],
    ['a parameter is added that may be left out', taker(), taker(q)],
    ['an event has one property more', event(object({})), event(object({ a: text }, { required: ['a'] }))],
    [
      'a schema moves into a component',
      reader(object({ a: text })),
      {
        ...reader({ $ref: '#/components/schemas/X' }),
        components: { schemas: { X: object({ a: text }) } },
      },
    ],
  ])('not when %s', (_when, last, next) => {
    expect(findBreakingChanges(last, next)).toEqual([]);
  });
});
