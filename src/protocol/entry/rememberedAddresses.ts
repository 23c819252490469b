/** A bounded table of addresses at which peers answered, each with the time of the last success. */
import type { Endpoint } from "../../wire/endpoint.ts";
import type { PeerId } from "../../wire/ids.ts";
import { limits } from "../limits.ts";
import type { UnixMillis } from "../time.ts";

export type RememberedAddress = {
  readonly endpoint: Endpoint;
  /** Who answered there last. */
  readonly peer: PeerId;
  /** When, by this host's wall clock. */
  readonly at: UnixMillis;
};

export type RememberedAddresses = {
  readonly get: (endpoint: Endpoint) => RememberedAddress | undefined;
  /** Of two successes at one address the later counts. */
  readonly put: (entry: RememberedAddress) => void;
  readonly newestFirst: () => RememberedAddress[];
  /** When the last success of the next one to go was; undefined: there is room for another. */
  readonly fullSince: () => UnixMillis | undefined;
  readonly size: () => number;
};

/** BOUNDED: `limits.remembered`; the address whose last success is the longest ago goes first. */
export function createRememberedAddresses(entries: Iterable<RememberedAddress> = []): RememberedAddresses {
  const book = new Map<Endpoint, RememberedAddress>();
  /** Undefined: to be looked for again. */
  let oldestAt: UnixMillis | undefined;
  const newestFirst = (): RememberedAddress[] => [...book.values()].sort((a, b) => b.at - a.at);

  const put = ({ endpoint, peer, at }: RememberedAddress): void => {
    if ((book.get(endpoint)?.at ?? Number.NEGATIVE_INFINITY) > at) return;
    book.set(endpoint, { endpoint, peer, at });
    oldestAt = undefined;
    if (book.size > limits.remembered) book.delete((newestFirst().at(-1) as RememberedAddress).endpoint);
  };
  for (const entry of entries) put(entry);

  return {
    get: (endpoint) => book.get(endpoint),
    put,
    newestFirst,
    fullSince: () => {
      if (book.size < limits.remembered) return undefined;
      oldestAt ??= newestFirst().at(-1)?.at;
      return oldestAt;
    },
    size: () => book.size,
  };
}
