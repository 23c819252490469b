/** A transport and a LAN that lose a share of what they are asked to send: the built-in fault DROP_PERCENT. */
import type { Lan } from "./lan.ts";
import type { Transport } from "./transport.ts";

/** `percent` 0..100 of the datagrams; `chance` gives numbers in [0, 1). Losses are counted as `drop-percent`. */
export function lossyTransport(inner: Transport, percent: number, chance: () => number): Transport {
  let dropped = 0;
  return {
    ...inner,
    send: (bytes, to, hops) => {
      if (chance() * 100 < percent) dropped += 1;
      else inner.send(bytes, to, hops);
    },
    counters: () => (dropped === 0 ? inner.counters() : { ...inner.counters(), "drop-percent": dropped }),
  };
}

/** The same, of the broadcasts. */
export function lossyLan(inner: Lan, percent: number, chance: () => number): Lan {
  let dropped = 0;
  return {
    ...inner,
    broadcast: (bytes) => {
      if (chance() * 100 < percent) dropped += 1;
      else inner.broadcast(bytes);
    },
    counters: () => (dropped === 0 ? inner.counters() : { ...inner.counters(), "drop-percent": dropped }),
  };
}
