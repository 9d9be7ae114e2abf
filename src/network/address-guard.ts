import ipaddr from 'ipaddr.js';

/**
 * Tells which addresses we may connect to. Clients choose webhook URLs, and must not use them to reach hosts that only
 * this machine or its network can reach. Allowed are globally reachable addresses, and those that an operator adds.
 *
 * `ipaddr.js` knows IANA's special-purpose registries: an address in none of them has the range `unicast`. IPv6 is
 * allowed inside 2000::/3 only, the one block that is assigned for global unicast. An IPv4 address inside an IPv6 one
 * (mapped, NAT64, 6to4, Teredo) is either judged as itself or belongs to a range that is not `unicast`.
 */
export type AddressGuard = (address: string) => boolean;

/**
 * Never allowed, whatever an operator adds: metadata services there give credentials to every caller on the machine
 * (AWS, Azure, Google, Oracle and others; AWS by IPv6; Azure's wire server; Alibaba; Oracle).
 */
const METADATA = new Set(
  ['169.254.169.254', 'fd00:ec2::254', '168.63.129.16', '100.100.100.200', '192.0.0.192'].map((address) =>
    ipaddr.parse(address).toNormalizedString(),
  ),
);

const GLOBAL_UNICAST_V6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** `allowed`: CIDR blocks beyond the public ones. @throws {RangeError} naming the text that is no block */
export function createAddressGuard(allowed: readonly string[]): AddressGuard {
  const blocks = allowed.map(parseBlock);

  return (text) => {
    if (!ipaddr.isValid(text)) return false;
    const address = ipaddr.process(text);
    // A zone (fe80::1%eth0) names an interface of this machine.
    if (text.includes('%') || METADATA.has(address.toNormalizedString())) return false;
    return isPublic(address) || blocks.some((block) => isInside(address, block));
  };
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Block = [Address, number];

function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast') return false;
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(GLOBAL_UNICAST_V6);
}

function isInside(address: Address, [network, bits]: Block): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}

function parseBlock(text: string): Block {
  const isBlock = ipaddr.isValidCIDR(text);
  if (!isBlock) throw new RangeError(`${text} is no CIDR block such as 10.0.0.0/8`);
  return ipaddr.parseCIDR(text);
}
