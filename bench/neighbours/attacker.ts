import { ATTACKS } from './attacks/attacks.ts';
import { createNoisyApi } from './attacks/noisy-api.ts';
import type { AttackOrder } from './kinds.ts';

/**
 * The noisy tenant and its receivers, as a process of their own: what they cost must not slow down the process that measures.
 * It says `bites` once, and goes on until it is killed or its parent is gone.
 */
const LOOK_EVERY_MS = 50;

process.once('disconnect', () => process.exit(0));
const order = JSON.parse(process.argv[2] ?? '') as AttackOrder;
const bites = await ATTACKS[order.kind](createNoisyApi(order.baseUrl, order.key), order);
const looking = setInterval(() => {
  if (!bites()) return;
  clearInterval(looking);
  process.send?.('bites');
}, LOOK_EVERY_MS);
