import { describe, expect, it } from 'vitest';
import { describeHttpUrl, maskPassword, parseHttpUrl } from '../../../../../src/domain/http/http-url.ts';

describe('parseHttpUrl', () => {
  it.each([
    'http://example.com',
    'https://example.com/hook?a=b#c',
    'HTTPS://EXAMPLE.COM:8443/',
    'http://127.0.0.1:9000/x',
    'http://[::1]:9000/x',
    'https://münchen.example/ü',
  ])('takes %s', (text) => {
    expect(parseHttpUrl(text)).not.toBeNull();
  });

  it.each([
    '',
    'wat',
    'example.com/hook',
    '//example.com',
    '/hook',
    'ftp://example.com',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'http:',
    'http://',
    'http:///path',
    'http:example.com',
    'http:\\\\example.com',
    ' https://example.com',
    'https://example.com/a b',
    'https://exam\nple.com',
    'https://user@example.com',
    'https://user:pass@example.com',
    'https://@example.com',
    'https://example.com:99999',
    'https://exa mple.com',
    'https://[::1',
    'https://256.256.256.256',
  ])('refuses %j', (text) => {
    expect(parseHttpUrl(text)).toBeNull();
  });
});

describe('maskPassword', () => {
  it.each([
    ['https://user:pass@example.com/x', 'https://user:***@example.com/x'],
    ['https://user@example.com/x', 'https://user@example.com/x'],
    ['https://:pass@example.com', 'https://:***@example.com'],
    ['ftp://user:p%40ss@host', 'ftp://user:***@host'],
    ['http://user:pa/ss@host', 'http://user:***@host'],
    ['http://localhost:80/path@x', 'http://localhost:80/path@x'],
    ['http:/u:pass@h/x', 'http:/u:***@h/x'],
    ['http:u:pass@127.0.0.1:9911/x', 'http:u:***@127.0.0.1:9911/x'],
    ['http:\\\\u:pass@h', 'http:\\\\u:***@h'],
    ['http:////u:pass@h/', 'http:////u:***@h/'],
    ['//u:pass@h', '//u:***@h'],
    ['u:pass@h', 'u:***@h'],
    ['wat', 'wat'],
  ])('shows %s as %s', (text, shown) => {
    expect(maskPassword(text)).toBe(shown);
  });
});

describe('describeHttpUrl', () => {
  it('shows scheme and host only', () => {
    expect(describeHttpUrl('https://hooks.example.com:8443/services/T0/secret?token=x')).toBe(
      'https://hooks.example.com:8443/…',
    );
    expect(describeHttpUrl('https://user:secret@example.com')).toBe('(invalid URL)');
  });
});
