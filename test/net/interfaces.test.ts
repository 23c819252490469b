// Which of a host's addresses is shown to people.
import type { NetworkInterfaceInfo } from "node:os";
import { expect, it } from "vitest";
import { likeliestAddress } from "../../src/net/interfaces.ts";

const of = (...addresses: string[]): NetworkInterfaceInfo[] =>
  addresses.map((address) => {
    const internal = address === "127.0.0.1" || address === "::1";
    return { address, internal, family: address.includes(":") ? "IPv6" : "IPv4" } as NetworkInterfaceInfo;
  });

it("is the IPv4 address of the network, wherever it stands in the list", () => {
  const interfaces = { lo: of("127.0.0.1", "::1"), eth0: of("fd00::2", "10.0.0.2"), wlan0: of("192.168.1.2") };
  expect(likeliestAddress(interfaces)).toBe("10.0.0.2");
});

it("is an IPv6 address where there is no IPv4", () => {
  expect(likeliestAddress({ lo: of("127.0.0.1", "::1"), eth0: of("fe80::1", "2001:db8::2") })).toBe("2001:db8::2");
});

it("is none where there are only loopback and link-local addresses, or no interfaces", () => {
  expect(likeliestAddress({ lo: of("127.0.0.1", "::1"), eth0: of("fe80::1", "169.254.3.4") })).toBeUndefined();
  expect(likeliestAddress({})).toBeUndefined();
  expect(likeliestAddress({ eth0: undefined })).toBeUndefined();
});
