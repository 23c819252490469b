/** This host's own addresses and networks. */
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";

/** The address others on the network are likeliest to reach; undefined: there is no network but the loopback. */
export function ownAddress(): string | undefined {
  const interfaces = read();
  return usableAddresses(interfaces)[0] ?? anyAddresses(interfaces)[0];
}

/** Addresses of the networks that this host is in, the likeliest first. */
export function ownAddresses(): string[] {
  return usableAddresses(read());
}

/**
 * IPv4 before IPv6: it is shorter to read out. Never a link-local one, which means nothing without its interface, and none
 * of a network that exists on this host alone, between it and its guests.
 */
export function usableAddresses(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): string[] {
  return anyAddresses(Object.fromEntries(Object.entries(interfaces).filter(([name]) => !OF_GUESTS.test(name))));
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

/** Bridges and cables to containers and virtual machines. */
const OF_GUESTS = /^(br-|cali|cni|docker|flannel|lxc|lxd|podman|vboxnet|veth|virbr|vmnet|vEthernet|VirtualBox|VMware)/;

function read(): NodeJS.Dict<NetworkInterfaceInfo[]> {
  try {
    return networkInterfaces();
  } catch {
    // Some sandboxes forbid asking.
    return {};
  }
}

function anyAddresses(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): string[] {
  const all = Object.values(interfaces).flatMap((infos) => infos ?? []);
  const usable = all.filter(({ internal, address }) => !internal && !/^(fe[89ab]|169\.254\.)/i.test(address));
  const of = (wanted: string): string[] =>
    usable.filter(({ family }) => family === wanted).map(({ address }) => address);
  return [...of("IPv4"), ...of("IPv6")];
}

const NETWORKS_MAX = 16;

function network(family: Family, name: string, via: string, { internal }: NetworkInterfaceInfo): Network {
  return { key: `${family} ${name} ${via}`, family, via, isLoopback: internal };
}

/** Windows knows interfaces by number. */
function zoneOf(name: string, { scopeid }: NetworkInterfaceInfo & { readonly scopeid?: number }): string {
  return process.platform === "win32" ? String(scopeid) : name;
}
