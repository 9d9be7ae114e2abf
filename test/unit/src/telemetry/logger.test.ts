import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/domain/errors.ts';
import { createLogger } from '../../../../src/telemetry/logger.ts';
import { expectProcessorTimeWithin, processorMs } from '../../../support/machine-pace.ts';

function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  write(createLogger('info', 'api', destination));
  return lines.join('');
}

describe('the log', () => {
  it('never shows webhook URLs and credentials', () => {
    const line = logged((logger) => {
      logger.info({
        url: 'https://hooks.example/secret-1',
        delivery: { url: 'https://hooks.example/secret-2' },
        notifications: { onStart: 'https://hooks.example/secret-3' },
        headers: { authorization: 'Bearer secret-4' },
      });
    });
    expect(line).not.toMatch(/secret-\d/);
  });

  const KEY = 'vk_live_s3cretS3cret';
  const WHSEC = 'whsec_s3cret+S3cret/S3cret==';
  const DATABASE = 'postgresql://validatr:s3cret@db.example:5432/validatr';
  const withCause = (text: string) =>
    new Error('outer', { cause: new Error('inner', { cause: new Error(text) }) });

  it.each<[string, object, string?]>([
    ['an Authorization header', { headers: { authorization: 'Bearer s3cret' } }],
    [
      'any header that holds a key, deep down',
      { a: { b: { req: { headers: { 'X-Api-Key': 's3cret', Cookie: 'id=s3cret' } } } } },
    ],
    [
      'raw headers',
      { rawHeaders: ['Authorization', 'Bearer s3cret', 'Proxy-Authorization', 'Basic czNjcmV0s3cret=='] },
    ],
    ['a header in a message', {}, 'sent with authorization: bearer s3cret to it'],
    ['an API key in a message', {}, `the key ${KEY} is unknown`],
    ['an API key in an error', { err: new Error(`no such key: ${KEY}`) }],
    ['an API key in a path', { path: `/assets/${KEY}` }],
    ['an API key as a name', { keys: { [KEY]: 1 } }],
    ['a webhook secret in a message', {}, `signed with ${WHSEC}.`],
    ['a webhook secret in the cause of a cause', { err: withCause(`bad secret '${WHSEC}'`) }],
    ['a webhook secret in a list', { secrets: [[WHSEC]] }],
    [
      'a field of a secret, whatever it looks like',
      { secret: 's3cret', endpoint: { secretsKey: 's3cret', token: 'a"s3cret' } },
    ],
    ['the URL of the database in an error', { err: new Error(`connect to ${DATABASE} failed`) }],
    [
      'the URL of the database in a stack',
      { err: Object.assign(new Error('x'), { stack: `Error: x\n at ${DATABASE}` }) },
    ],
    [
      'a URL with a password that has anything in it',
      {},
      'at postgres://u:s3cret/s3c@ret#s3cret@db.example/x',
    ],
    ['a URL with a token for a user', {}, 'cloned https://s3cret@git.example/x'],
    ['a password as libpq spells it', {}, 'host=db user=u password = s3cret dbname=v'],
    [
      'webhook URLs, at any depth',
      { url: 'https://h.example/s3cret', a: { b: [{ c: { url: 'https://h.example/s3cret' } }] } },
    ],
    [
      'URL objects and other names',
      { url: new URL('https://h.example/s3cret'), webhookUrl: 'https://h.example/s3cret' },
    ],
    [
      'a submission',
      { body: { notifications: { onStart: 'https://h.example/s3cret', onCancel: 's3cret' } } },
    ],
    [
      'JSON in a message',
      {},
      `got ${JSON.stringify({ url: 'https://h.example/s3cret', x: { authorization: 's3cret "s3cret' } })}`,
    ],
  ])('never shows %s', (_what, fields, message) => {
    const line = logged((logger) =>
      logger.child({ at: 'here' }).error({ ...fields, last: 'shown' }, message),
    );
    expect(line).not.toMatch(/s3c|ret@|S3c/);
    expect(line).toContain('***');
    // The line is still JSON, with every field that is no secret.
    expect(JSON.parse(line)).toMatchObject({ at: 'here', last: 'shown' });
  });

  it.each([
    ['http://127.0.0.1:8000/assets/a@b.jpg'],
    ['https://cdn.example/x/picture@2x.png'],
    ['postgres at db.example:5432, user validatr'],
    ['someone@mail.example asked for /assets/image/'],
    ['{"path":"/assets/vk/whsec","status":200}'],
  ])('does not change text without secrets: %s', (message) => {
    expect(JSON.parse(logged((logger) => logger.info(message)))).toMatchObject({ msg: message });
  });

  it.each(['://a:', '\\"', '"url":"', '://', '://a', '"api-', 'password ', 'Bearer ', '"api'])(
    'takes no longer if a text repeats %s',
    (text) => {
      const begin = processorMs();
      logged((logger) => logger.info({ path: text.repeat(64_000 / text.length) }));
      expectProcessorTimeWithin(processorMs() - begin, 200);
    },
  );

  it('shows an error of ours with its cause, without a stack', () => {
    const line = logged((logger) => {
      logger.warn({ err: new AppError('database_unavailable', { cause: new Error('ECONNREFUSED') }) });
    });
    expect(line).toContain('ECONNREFUSED');
    expect(line).not.toContain('stack');
  });

  it('says which process speaks', () => {
    expect(JSON.parse(logged((logger) => logger.info('hello')))).toMatchObject({
      process: 'api',
      msg: 'hello',
    });
  });
});
