/** The types of network.js, for the tests that stand on the same network. */

/** A host of the network. */
export type Host = { readonly namespace: string; readonly ip: string };

export type Network = {
  readonly hosts: readonly Host[];
  /** The namespace of the bridge that joins them: where rules for what passes belong. */
  readonly bridge: string;
  /** From now on these hosts reach each other, and the others each other, and nobody the other side. */
  readonly cut: (island: readonly Host[]) => void;
  readonly heal: () => void;
  /** What `ip route` prints on a host. */
  readonly routes: (host: Host) => string;
  /** Removes every namespace; the processes in them must have ended. */
  readonly close: () => void;
};

/** Which addresses hosts have: 10.77.0.1 and on, fd77::1 and on, or none but fe80::1 and on. */
export type Addresses = "ipv4" | "ipv6" | "link-local";

/** A bridge's ARP table is small. */
export declare const HOSTS_MAX: number;
export declare function openNetwork(count: number, addresses?: Addresses): Network;
/** `command` and `args` such that they run on that host, as the same process (no shell or child in between). */
export declare function onHost(host: Host, command: string, args: readonly string[]): [string, string[]];
/** Why this machine cannot make namespaces; undefined: it can. */
export declare function whyNoNamespaces(): string | undefined;
