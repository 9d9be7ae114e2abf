import { type NameServer, startNameServer } from '../../support/stand-ins/name-server.ts';

/** Questions about names below it are never answered. */
export const SLOW_DOMAIN = 'slow.test';

/** The name of the receiver whose events count. It leads to loopback. */
export const RECEIVER_NAME = 'receiver.test';

/** The only name server of the stack. */
export function startNames(): Promise<NameServer> {
  return startNameServer(({ name }) => {
    if (name.endsWith(`.${SLOW_DOMAIN}`)) return null;
    return name === RECEIVER_NAME ? { addresses: ['127.0.0.1'] } : { code: 3 };
  });
}
