/** This host's own addresses and networks. */
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

export type Family = 4 | 6;

/** A network that multicast can go to. */
export type Network = {
  readonly key: string;
  readonly family: Family;
  /** What names its interface to a socket of that family. */
  readonly via: string;
  readonly isLoopback: boolean;
};

/**
 * One for each interface and family: IPv4 before IPv6, the loopback last. Not IPv6 over the loopback, for which systems have
 * no route. At most NETWORKS_MAX, by default a socket of Linux joins groups on no more than 20 interfaces.
 */
export function multicastNetworks(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): Network[] {
  const networks = Object.entries(interfaces).flatMap(([name, infos = []]) => {
    const ipv4 = infos.find(({ family }) => family === "IPv4");
    const ipv6 = infos.find(({ family, internal }) => family === "IPv6" && !internal);
    return [
      ...(ipv4 === undefined ? [] : [network(4, name, ipv4.address, ipv4)]),
      ...(ipv6 === undefined ? [] : [network(6, name, `::%${zoneOf(name, ipv6)}`, ipv6)]),
    ];
  });
  const rank = ({ isLoopback, family }: Network): number => Number(isLoopback) * 2 + Number(family === 6);
  const ordered = networks.sort((one, other) => rank(one) - rank(other));
  return ([4, 6] as const).flatMap((family) => ordered.filter((each) => each.family === family).slice(0, NETWORKS_MAX));
}

// --- internal ---

const NETWORKS_MAX = 16;

function network(family: Family, name: string, via: string, { internal }: NetworkInterfaceInfo): Network {
  return { key: `${family} ${name} ${via}`, family, via, isLoopback: internal };
}

/** Windows knows interfaces by number. */
function zoneOf(name: string, { scopeid }: NetworkInterfaceInfo & { readonly scopeid?: number }): string {
  return process.platform === "win32" ? String(scopeid) : name;
}
