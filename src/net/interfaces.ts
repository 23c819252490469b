/** This host's own addresses. */
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";

/** The address others on the network are likeliest to reach; undefined: there is no network but the loopback. */
export function ownAddress(): string | undefined {
  try {
    return likeliestAddress(networkInterfaces());
  } catch {
    // Some sandboxes forbid asking.
    return undefined;
  }
}

/** IPv4 before IPv6: it is shorter to read out. Never a link-local one, which means nothing without its interface. */
export function likeliestAddress(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): string | undefined {
  const all = Object.values(interfaces).flatMap((infos) => infos ?? []);
  const usable = all.filter(({ internal, address }) => !internal && !/^(fe[89ab]|169\.254\.)/i.test(address));
  return (usable.find(({ family }) => family === "IPv4") ?? usable[0])?.address;
}
