// Which of a host's addresses are shown to people and told to peers, and which of its networks are spoken to.
import type { NetworkInterfaceInfo } from "node:os";
import { expect, it } from "vitest";
import { multicastNetworks, usableAddresses } from "../../src/net/interfaces.ts";

const of = (...addresses: string[]): NetworkInterfaceInfo[] =>
  addresses.map((address) => {
    const internal = address === "127.0.0.1" || address === "::1";
    return { address, internal, family: address.includes(":") ? "IPv6" : "IPv4" } as NetworkInterfaceInfo;
  });

it("are those of all networks, IPv4 first, wherever they stand in the list", () => {
  const interfaces = { lo: of("127.0.0.1", "::1"), eth0: of("fd00::2", "10.0.0.2"), wlan0: of("192.168.1.2") };
  expect(usableAddresses(interfaces)).toEqual(["10.0.0.2", "192.168.1.2", "fd00::2"]);
});

it("are not the loopback, nor link-local ones, nor those of networks with guests on this host", () => {
  expect(usableAddresses({ lo: of("127.0.0.1", "::1"), eth0: of("fe80::1", "169.254.3.4") })).toEqual([]);
  expect(usableAddresses({ docker0: of("172.17.0.1"), "br-1f3c": of("172.18.0.1"), veth9: of("10.1.1.1") })).toEqual(
    [],
  );
  expect(usableAddresses({})).toEqual([]);
  expect(usableAddresses({ eth0: undefined })).toEqual([]);
});

it("multicast goes to each interface once for each family: IPv4 first, the loopback last and by IPv4 alone", () => {
  const interfaces = {
    lo: of("127.0.0.1", "::1"),
    eth0: of("10.0.0.2", "10.0.0.3", "fd00::2", "fe80::1"),
    tun0: of("fe80::2"),
    gone: undefined,
  };
  expect(multicastNetworks(interfaces)).toEqual([
    { key: "4 eth0 10.0.0.2", family: 4, via: "10.0.0.2", isLoopback: false },
    { key: "4 lo 127.0.0.1", family: 4, via: "127.0.0.1", isLoopback: true },
    { key: "6 eth0 ::%eth0", family: 6, via: "::%eth0", isLoopback: false },
    { key: "6 tun0 ::%tun0", family: 6, via: "::%tun0", isLoopback: false },
  ]);
});

it("multicast goes to sixteen interfaces at most, as many as any system lets a socket join", () => {
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`v${at}`, of(`10.0.0.${at}`, `fe80::${at}`)]));
  expect(multicastNetworks(many)).toHaveLength(32);
});
