/**
 * Addresses of the virtual world. Node 258 is at 10.0.1.2, after a move at 11.0.1.2, then at 12.0.1.2, up to 29, and then
 * it starts again. The outsider has an address of its own. Victims have addresses where nobody is.
 */
import type { Endpoint } from "../../wire/endpoint.ts";

export const PORT = 62733;

export function endpointOf(index: number, moves = 0): Endpoint {
  return `${NETWORK_FIRST + (moves % NETWORKS)}.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}:${PORT}` as Endpoint;
}

/** What goes here reaches everyone who listens on the one LAN of the virtual world. */
export const LAN = "239.255.115.109:62732" as Endpoint;

export const OUTSIDER = "192.0.2.66:62733" as Endpoint;

/** Nobody is there: what nodes send to it they were made to send. */
export function victimOf(number: number): Endpoint {
  return `${VICTIMS}${number & 255}:${PORT}` as Endpoint;
}

export function isVictim(endpoint: Endpoint): boolean {
  return endpoint.startsWith(VICTIMS);
}

/** The number of the node at this address; 0 for the outsider and for victims. */
export function indexOfEndpoint(endpoint: Endpoint): number {
  let index = indices.get(endpoint);
  if (index === undefined) {
    const [first = 0, ...rest] = (endpoint.split(":")[0] ?? "").split(".").map(Number);
    const isNode = first >= NETWORK_FIRST && first < NETWORK_FIRST + NETWORKS;
    index = isNode ? rest.reduce((sum, part) => sum * 256 + part, 0) : 0;
    indices.set(endpoint, index);
  }
  return index;
}

// --- internal ---

const NETWORK_FIRST = 10;
const VICTIMS = "198.51.100.";
const NETWORKS = 20;
/** BOUNDED: by the nodes of the largest scenario, 10,000, and their moves. */
const indices = new Map<Endpoint, number>();
