import { describe, expect, it } from 'vitest';
import { createAddressGuard } from '../../../../src/network/address-guard.ts';

const FORBIDDEN = [
  // "This" network, private, shared (CGNAT), loopback, link-local.
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '10.255.255.255',
  '100.64.0.1',
  '100.127.255.255',
  '127.0.0.1',
  '127.0.0.53',
  '127.255.255.254',
  '169.254.0.1',
  '169.254.170.2',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '192.168.255.255',
  // Protocol assignments, documentation, 6to4 relay, benchmarking, multicast, reserved, broadcast.
  '192.0.0.1',
  '192.0.0.170',
  '192.0.2.1',
  '192.88.99.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.7',
  '203.0.113.9',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  // Metadata services.
  '169.254.169.254',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  'fd00:ec2::254',
  // IPv6: unspecified, loopback, unique local, link-local, site-local, multicast, documentation, discard.
  '::',
  '::1',
  'fc00::1',
  'fd12:3456:789a::1',
  'fe80::1',
  'fe80::1%eth0',
  // Public, but through one interface of this machine.
  '2606:4700::1111%eth0',
  'febf::1',
  'fec0::1',
  'ff02::1',
  'ff0e::1',
  '2001:db8::1',
  '3fff::1',
  '100::1',
  '5f00::1',
  // IPv4 inside IPv6: mapped, compatible, translated, NAT64, 6to4, Teredo, ORCHID.
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::ffff:169.254.169.254',
  '::ffff:7f00:1',
  '::ffff:a9fe:a9fe',
  '::127.0.0.1',
  '::ffff:0:127.0.0.1',
  '64:ff9b::127.0.0.1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::1',
  '2002:7f00:1::1',
  '2002:a9fe:a9fe::1',
  '2001::1',
  '2001:0:7f00:1::1',
  '2001:10::1',
  '2001:20::1',
  // Outside what is assigned for global unicast.
  '4000::1',
  '8000::1',
  // No addresses.
  '',
  'localhost',
  'example.com',
  '1.2.3.4.5',
];

const ALLOWED = [
  '1.1.1.1',
  '8.8.8.8',
  '9.9.9.9',
  '11.0.0.1',
  '93.184.215.14',
  '100.63.255.255',
  '100.128.0.1',
  '126.255.255.255',
  '128.0.0.1',
  '169.253.255.255',
  '169.255.0.1',
  '172.15.255.255',
  '172.32.0.1',
  '191.255.255.255',
  '192.167.255.255',
  '192.169.0.1',
  '198.17.255.255',
  '198.20.0.1',
  '223.255.255.254',
  '::ffff:8.8.8.8',
  '2606:4700:4700::1111',
  '2001:4860:4860::8888',
  '2a00:1450:4001:81b::200e',
  '2620:fe::fe',
  '2400:cb00:2048::1',
  '2003::1',
];

/** Spellings that a URL parser or the system may take for 127.0.0.1; none of them is an address that we take. */
const ODD_SPELLINGS = [
  '127.1',
  '127.0.1',
  '2130706433',
  '0x7f000001',
  '0x7f.0.0.1',
  '017700000001',
  '0177.0.0.1',
  '127.0.0.01',
  '0:0:0:0:0:ffff:7f00:0001',
  '::ffff:127.0.0.1',
  '[::1]',
  '127.0.0.1.',
];

describe('the address guard', () => {
  const isAllowed = createAddressGuard([]);

  it.each(FORBIDDEN)('refuses %j', (address) => {
    expect(isAllowed(address)).toBe(false);
  });

  it.each(ALLOWED)('allows %s', (address) => {
    expect(isAllowed(address)).toBe(true);
  });

  it.each(ODD_SPELLINGS)('refuses %s, as an address and as a URL spells it', (spelling) => {
    expect(isAllowed(spelling)).toBe(false);
    const hostname = URL.parse(
      `http://${spelling.includes(':') && !spelling.startsWith('[') ? `[${spelling}]` : spelling}/`,
    )?.hostname;
    expect(isAllowed((hostname ?? '').replace(/^\[|\]$/g, ''))).toBe(false);
  });

  it('allows what an operator adds, and never a metadata service', () => {
    const open = createAddressGuard(['127.0.0.0/8', 'fd00::/8', '0.0.0.0/0', '::/0']);
    expect(['127.0.0.1', '::ffff:127.0.0.1', '10.0.0.1', 'fd00::1'].map(open)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    for (const address of ['169.254.169.254', '::ffff:169.254.169.254', 'fd00:ec2::254', '168.63.129.16'])
      expect(open(address), address).toBe(false);
    expect(createAddressGuard(['10.0.0.0/8'])('127.0.0.1')).toBe(false);
  });

  it('names a text that is no CIDR block', () => {
    expect(() => createAddressGuard(['10.0.0.1'])).toThrow('10.0.0.1 is no CIDR block');
  });
});
