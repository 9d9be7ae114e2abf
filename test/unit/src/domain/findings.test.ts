import { describe, expect, it } from 'vitest';
import { errorsOf, type Finding, reportFindings } from '../../../../src/domain/findings.ts';

const all: Finding[] = [
  { code: 'internal_error', key: 'internal' },
  { code: 'dimensions_too_large', key: 'asset', measured: { width: 2880, height: 1892 } },
  { code: 'format_not_allowed', key: 'asset', measured: { format: 'PNG' } },
  { code: 'image_unreadable', key: 'asset', measured: { reason: 'truncated' } },
  { code: 'decoder_crashed', key: 'asset', measured: { reason: 'the decoder crashed' } },
  { code: 'decode_timeout', key: 'asset', measured: { reason: 'took too long' } },
  { code: 'not_an_image', key: 'asset' },
  { code: 'asset_not_reachable', key: 'onStart' },
  { code: 'webhook_url_invalid', key: 'onStart' },
];

describe('findings', () => {
  it('are worded as the contract says, byte for byte, in the order of the steps', () => {
    expect(errorsOf(reportFindings(all, { onStart: 'wat' }))).toEqual({
      onStart: ['`wat`is not a valid URL', 'Asset path is not reachable.'],
      asset: [
        'Asset is not a readable image: truncated.',
        'Asset is not a readable image: the decoder crashed.',
        'Asset is not a readable image: took too long.',
        'Asset is not an image.',
        'Assets must be a JPEG, the provided image is a PNG',
        'Image dimensions must have a width and height smaller than 1000px. The provided image has dimensions of 2880x1892px.',
      ],
      internal: ['Validation could not be completed.'],
    });
  });

  it('say why an asset is not reachable, unless a worker from before causes were told found it', () => {
    const finding = { code: 'asset_not_reachable', key: 'onStart' } as const;
    const told = { ...finding, measured: { cause: 'not_found' } } as const;
    expect(reportFindings([told, finding], {}).map(({ measured }) => measured)).toEqual([
      { cause: 'not_found' },
      null,
    ]);
  });

  it('never show the password of an invalid URL', () => {
    const [finding] = reportFindings([{ code: 'webhook_url_invalid', key: 'onCancel' }], {
      onCancel: 'http://a:b@c',
    });
    expect(finding?.message).toBe('`http://a:***@c`is not a valid URL');
  });

  it('give no errors if there are none', () => {
    expect(errorsOf([])).toBeNull();
  });
});
