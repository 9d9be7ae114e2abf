import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBareApp } from '../../../../support/app.ts';
import { serve } from '../../../../support/serve.ts';

describe('the media type of a body', () => {
  let app: Awaited<ReturnType<typeof serve>>;

  beforeAll(async () => {
    app = await serve(createBareApp());
  });
  afterAll(() => app.close());

  async function post(headers: Record<string, string>) {
    // Bytes, because fetch gives a text a type of its own.
    const body = Buffer.from('{"name":"Zoë"}');
    const answer = await fetch(`${app.baseUrl}/echo/post`, { method: 'POST', headers, body });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  it.each([
    'application/json',
    'Application/JSON',
    'application/problem+json',
    'application/json; charset=utf-8',
    'application/json; charset=UTF-8',
    'application/json; charset="utf-8"',
    'application/json; charset="UTF-8"',
    'application/json;charset=utf8',
    'application/json; charset="UTF8"',
    'application/json ; Charset = utf-8',
    'application/json; profile="a;charset=x"; charset=utf-8',
    String.raw`application/json; charset="utf\-8"`,
    'application/json; version=1',
  ])('is JSON in UTF-8 if it is %s', async (type) => {
    expect(await post({ 'content-type': type })).toEqual({ status: 200, body: { name: 'Zoë' } });
  });

  it.each([
    ['application/json; charset=utf-16', 'The charset is "utf-16".'],
    ['application/json; charset="iso-8859-1"', 'The charset is "iso-8859-1".'],
    ['application/json; charset=utf-8x', 'The charset is "utf-8x".'],
    ['application/json; charset=', 'The charset is "".'],
  ])('is refused with what to do if it is %s', async (type, what) => {
    const detail = `${what} Send UTF-8, and leave charset out or set it to utf-8.`;
    expect(await post({ 'content-type': type })).toMatchObject({ status: 415, body: { detail } });
  });

  it.each([
    'text/plain',
    'text/json',
    'application/jsonp',
    'application/x-www-form-urlencoded',
    '; charset=utf-8',
  ])('is refused with what to send if it is %s', async (type) => {
    const detail = `The Content-Type is ${JSON.stringify(type)}. Send application/json.`;
    expect(await post({ 'content-type': type })).toMatchObject({ status: 415, body: { detail } });
  });

  it('is refused with what to send if there is none', async () => {
    const detail = 'There is no Content-Type. Send application/json.';
    expect(await post({})).toMatchObject({ status: 415, body: { detail } });
  });

  it('is repeated in part only if it is long', async () => {
    const { body } = await post({ 'content-type': `text/${'x'.repeat(5_000)}` });
    expect(String(body['detail']).length).toBeLessThan(200);
  });

  it('does not change that a compressed body is refused, with what to do', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const detail = 'The body is compressed. Send it as it is, without Content-Encoding.';
    expect(await post(headers)).toMatchObject({ status: 415, body: { detail } });
  });
});
