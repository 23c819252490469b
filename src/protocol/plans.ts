/** How many relay orders a message is started on, and which of them carry it. */

/**
 * Orders that a message starts on, by the share of datagrams that stay unacknowledged (a lost acknowledgement counts too: at
 * 10 % loss each way it is 0.19). Without loss acknowledgements repair the little that goes wrong. docs/benchmarks.md has
 * the sweep.
 */
const PLANS: readonly Plan[] = [
  { below: 0.02, bodies: 1, ids: 0 },
  { below: 0.35, bodies: 2, ids: 3 },
  { below: 1.01, bodies: 5, ids: 3 },
];
/** Orders from this number on carry ids, for whoever still lacks the message to ask by; those below carry the message. */
export const ID_ORDERS_FROM = 5;
const ONE_HOP_BODIES = 2;
/** Each order of a large message is another source to fetch it from; two are enough. */
const LARGE_ORDERS_MAX = 2;

type Plan = { readonly below: number; readonly bodies: number; readonly ids: number };

/** Numbers of the orders for a message, the most useful first. `loss`: 0..1, as the link measures it; `isOneHop`: no more peers than the fanout. */
export function ordersFor(loss: number, isLarge: boolean, isOneHop: boolean): number[] {
  const plan = PLANS.find(({ below }) => loss < below) as Plan;
  // Where the author reaches everyone itself, another order is no other way.
  if (isOneHop && !isLarge)
    return [...range(0, Math.min(plan.bodies, ONE_HOP_BODIES)), ...range(ID_ORDERS_FROM, plan.ids)];
  if (isLarge) return range(0, Math.min(plan.bodies, LARGE_ORDERS_MAX));
  return [...range(0, plan.bodies), ...range(ID_ORDERS_FROM, plan.ids)];
}

// --- internal ---

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}
