import type { Kind } from '../kinds.ts';
import { SILENT_DOMAIN } from '../../../test/support/stand-ins/silent-names.ts';
import {
  answerAfter,
  answerWithFlood,
  FLOODS,
  startHostileReceivers,
} from '../../../test/support/stand-ins/hostile-receivers.ts';
import { attackByWeb } from './hostile-web.ts';
import { type Attack, type NoisyApi, type Order, steadily, withoutPause } from './noisy-api.ts';

/** Share of test events. The others are events of assets, whose first tries are part of the validation. */
const TEST_EVENTS = 3 / 4;
/** A worker has room for so many tries of a tenant. */
const ORIGINS = 100;
/** Requests at hostile receivers after which their attack counts as begun. */
const REQUESTS_THAT_BITE = 90;

const SILENT_NAMES = 40;
const BACKLOG = 4_000;
const ENDPOINTS = 1_000;
const REPLAYED = 1_000;
const PICTURES_AT_ONCE = 16;
const LONG_URLS = 1_500;
const LONG_URL_LENGTH = 8_000;

/** The noisy tenant's events go to receivers that do their worst with each of them. */
function toReceivers(answer: Parameters<typeof startHostileReceivers>[1]): Attack {
  return async (api, order) => {
    const receivers = await startHostileReceivers(ORIGINS, answer);
    const urlOf = (index: number) => `${receivers.origins[index % ORIGINS]}/hook`;
    await Promise.all(receivers.origins.map((_, index) => api.sendTestEvent(urlOf(index))));
    sendSteadily(api, order, urlOf);
    return () => receivers.requests >= REQUESTS_THAT_BITE;
  };
}

function sendSteadily(api: NoisyApi, { eventsPerS }: Order, urlOf: (index: number) => string): void {
  steadily(TEST_EVENTS * eventsPerS, (index) => api.sendTestEvent(urlOf(index)));
  // Two events each.
  steadily(((1 - TEST_EVENTS) * eventsPerS) / 2, (index) => api.submit({ url: urlOf(index) }));
}

export const ATTACKS: Readonly<Record<Kind, Attack>> = {
  async 'slow-dns'(api, order) {
    const urlOf = (index: number) => `http://n${index % SILENT_NAMES}.${SILENT_DOMAIN}/hook`;
    await Promise.all(Array.from({ length: SILENT_NAMES }, (_, index) => api.sendTestEvent(urlOf(index))));
    sendSteadily(api, order, urlOf);
    // The API looks names up before it answers these.
    steadily(order.eventsPerS / 2, (index) => api.submit({ url: urlOf(index), prefer: 'handling=strict' }));
    return () => api.answers >= 2 * SILENT_NAMES;
  },

  hanging: toReceivers(() => undefined),
  'flood-interim': toReceivers(answerWithFlood(FLOODS.interim)),
  'flood-extensions': toReceivers(answerWithFlood(FLOODS.extensions)),
  'flood-body': toReceivers(answerWithFlood(FLOODS.body)),

  async backlog(api) {
    await Promise.all(Array.from({ length: BACKLOG }, () => api.submit({})));
    return () => true;
  },

  async endpoints(api, order) {
    const receivers = await startHostileReceivers(ORIGINS, answerAfter(5_000, '204 No Content'));
    const urlOf = (index: number) => `${receivers.origins[index % ORIGINS]}/hook-${index % ENDPOINTS}`;
    await Promise.all(Array.from({ length: ENDPOINTS }, (_, index) => api.sendTestEvent(urlOf(index))));
    sendSteadily(api, order, urlOf);
    return () => receivers.requests >= REQUESTS_THAT_BITE;
  },

  async replays(api) {
    const receivers = await startHostileReceivers(ORIGINS, answerAfter(0, '500 Internal Server Error'));
    const urlOf = (index: number) => `${receivers.origins[index % ORIGINS]}/hook`;
    const events = await Promise.all(
      Array.from({ length: REPLAYED }, (_, index) => api.sendTestEvent(urlOf(index))),
    );
    const before = api.answers;
    withoutPause(16, (index) => {
      const { id } = events[index % REPLAYED] as { id: string };
      return api.post(`/webhooks/deliveries/${id}/replay`, {});
    });
    withoutPause(1, () => api.post('/webhooks/deliveries/replay', { state: 'pending' }));
    return () => api.answers - before >= REPLAYED;
  },

  pictures(api, { pictures }) {
    let verdicts = 0;
    withoutPause(PICTURES_AT_ONCE, async (index) => {
      const path = pictures[index % pictures.length];
      if (path === undefined) throw new Error('There is no hostile picture');
      await api.submit({ path, prefer: 'wait=30' });
      verdicts += 1;
    });
    return () => verdicts >= 2;
  },

  'hostile-web': attackByWeb,

  async 'long-urls'(api, order) {
    const receivers = await startHostileReceivers(ORIGINS, answerAfter(0, '204 No Content'));
    // The query does not count for endpoints, so their limit does not end this attack.
    const urlOf = (index: number) =>
      `${receivers.origins[index % ORIGINS]}/hook?number=${index}&pad=`.padEnd(LONG_URL_LENGTH, 'x');
    let sent = 0;
    sendSteadily(api, order, (index) => urlOf(LONG_URLS + index));
    withoutPause(4, async () => {
      if (sent < LONG_URLS) await api.sendTestEvent(urlOf(sent++));
      else await new Promise(() => undefined);
    });
    return () => sent >= LONG_URLS && receivers.requests >= LONG_URLS / 2;
  },
};
