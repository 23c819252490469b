/** How many relay orders a message is started on, which of them carry it, and which are acknowledged. */
import type { Slice } from "../../wire/frames.ts";
import { WHOLE } from "./rankOrder.ts";

/**
 * Orders that a message starts on, by the share of datagrams that stay unacknowledged (a lost acknowledgement counts too: at
 * 10 % loss each way it is 0.19). Without loss acknowledgements repair the little that goes wrong. Half an order goes to half
 * of the peers. docs/benchmarks.md has the sweep.
 */
const PLANS: readonly Plan[] = [
  { below: 0.02, bodies: 1, ids: 0 },
  { below: 0.14, bodies: 2, ids: 0 },
  { below: 0.28, bodies: 2.3, ids: 2 },
  { below: 0.44, bodies: 3.5, ids: 3 },
  { below: 1.01, bodies: 4.7, ids: 5 },
];
/** Orders from this number on carry ids, for whoever still lacks the message to ask by; those below carry the message. */
export const ID_ORDERS_FROM = 8;
const ONE_HOP_BODIES = 3;
const ONE_HOP_IDS = 3;
/** Each order of a large message is another source to fetch it from; two are enough. */
const LARGE_ORDERS_MAX = 2;

type Chosen = { readonly bodies: number | undefined; readonly ids: number | undefined };
type Plan = { readonly below: number; readonly bodies: number; readonly ids: number };

const FANOUT_LEAST = 20;
const FANOUT_MOST = 50;
const FANOUT_PER_ROOT = 1.5;

/**
 * Branches that a slice is cut into in a room of `members`: a little more than the square root reaches everyone in two hops,
 * and each hop more is another chance to be lost. Few more are not worth less, many more would be a burden for the author.
 */
export function fanoutFor(chosen: number | undefined, members: number): number {
  return chosen ?? Math.min(Math.max(Math.ceil(FANOUT_PER_ROOT * Math.sqrt(members)), FANOUT_LEAST), FANOUT_MOST);
}

/** The author's slices for a message, the most useful first. `loss`: 0..1, as the link measures it; `isOneHop`: no more peers than the fanout. */
export function ordersFor(loss: number, isLarge: boolean, isOneHop: boolean, chosen: Chosen): Slice[] {
  const plan = PLANS.find(({ below }) => loss < below) as Plan;
  if (isLarge) return orders(0, Math.min(Math.ceil(plan.bodies), LARGE_ORDERS_MAX));
  // Where the author reaches everyone itself, another order is no other way.
  const bodies = chosen.bodies ?? (isOneHop ? Math.min(plan.bodies, ONE_HOP_BODIES) : plan.bodies);
  const ids = chosen.ids ?? (isOneHop ? Math.min(plan.ids, ONE_HOP_IDS) : plan.ids);
  return [...orders(0, bodies), ...orders(ID_ORDERS_FROM, ids)];
}

// --- internal ---

function orders(from: number, count: number): Slice[] {
  return Array.from({ length: Math.ceil(count) }, (_, index) => {
    const share = Math.min(count - index, 1);
    return { order: from + index, lo: WHOLE.lo, last: Math.floor(share * (WHOLE.last + 1)) - 1 };
  });
}
