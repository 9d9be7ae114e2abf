import { describe, expect, it } from 'vitest';
import { formatSecret, signatureHeaders } from '../../../../src/webhooks/sign.ts';

describe('signatures', () => {
  it('match the golden vector of Standard Webhooks 1.0', () => {
    const secret = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
    const event = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      body: '{"test": 2432232314}',
      at: new Date(1_614_265_330_000),
    };
    expect(formatSecret(secret)).toBe('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    expect(signatureHeaders(event, [secret])).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('are several during a rotation, separated by a space', () => {
    const event = { id: 'x', body: '{}', at: new Date(1_000) };
    const both = signatureHeaders(event, [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]);
    expect(both['webhook-signature'].split(' ')).toEqual([
      signatureHeaders(event, [Buffer.alloc(32, 1)])['webhook-signature'],
      signatureHeaders(event, [Buffer.alloc(32, 2)])['webhook-signature'],
    ]);
  });
});
