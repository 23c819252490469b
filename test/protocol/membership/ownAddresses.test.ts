/** Which of its own addresses a node tells the others, and which of a peer's it uses. */
import { describe, expect, it } from "vitest";
import { createOwnAddresses } from "../../../src/protocol/membership/ownAddresses.ts";
import { pickEndpoint } from "../../../src/protocol/membership/peerAddress.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";

const at = (...texts: string[]): Endpoint[] => texts as Endpoint[];
const [lan, lan6, wifi, outside, other, loopback] = at(
  "192.168.1.5:62733",
  "[2001:db8::5]:62733",
  "192.168.7.9:62733",
  "203.0.113.7:40001",
  "203.0.113.7:40002",
  "127.0.0.1:62733",
) as [Endpoint, Endpoint, Endpoint, Endpoint, Endpoint, Endpoint];

describe("of its own addresses a node lists", () => {
  it("none before it was seen, though it knows its interfaces: a node of this host alone is of no use to others", () => {
    const own = createOwnAddresses([], 0);
    expect(own.network([lan, lan6])).toBe(false);
    expect(own.listed()).toEqual([]);
    expect(own.observed(loopback, 0)).toBe(true);
    expect(own.listed()).toEqual([loopback]);
  });

  it("where it was seen first, then where it is by itself, then loopback; four at most", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan, lan6, wifi]);
    own.observed(loopback, 0);
    expect(own.observed(outside, 1)).toBe(true);
    expect(own.listed()).toEqual([outside, lan, lan6, loopback]);
    expect(own.observed(other, 2)).toBe(true);
    expect(own.listed()).toEqual([other, outside, lan, lan6]);
  });

  it("none that means something on its link alone", () => {
    const own = createOwnAddresses([], 0);
    expect(own.observed("[fe80::1]:62733" as Endpoint, 0)).toBe(false);
    expect(own.observed("[fd00::1]:62733" as Endpoint, 0)).toBe(true);
    expect(own.listed()).toEqual(["[fd00::1]:62733"]);
  });

  it("one that it is seen at and has by itself once, and seeing it there again is no news", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan]);
    expect(own.observed(lan, 0)).toBe(true);
    expect(own.observed(lan, 50)).toBe(false);
    expect(own.listed()).toEqual([lan]);
  });

  it("none that the host does not have any more, nor what a NAT showed when it was elsewhere", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan]);
    own.observed(lan, 0);
    own.observed(outside, 0);
    expect(own.network([wifi])).toBe(true);
    expect(own.listed()).toEqual([wifi]);
  });

  it("what a NAT showed, for as long as one of the addresses behind it is still there", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan, lan6]);
    own.observed(outside, 0);
    own.network([lan]);
    expect(own.listed()).toEqual([outside, lan]);
    own.network([]);
    expect(own.listed()).toEqual([]);
  });

  it("one that nobody has confirmed for a minute no more, when it is seen somewhere else and there is no place", () => {
    const own = createOwnAddresses([], 0);
    const many = [1, 2, 3, 4].map((port) => `203.0.113.7:${port}` as Endpoint);
    for (const endpoint of many) own.observed(endpoint, 0);
    expect(own.observed(outside, 59_999)).toBe(false);
    own.observed(many[1] as Endpoint, 30_000);
    expect(own.observed(outside, 60_000)).toBe(true);
    expect(own.listed()).toEqual([outside, many[1]]);
  });
});

describe("of a peer's addresses a node uses", () => {
  it("the first that it lists, and the next one after every three datagrams in vain", () => {
    const tried = Array.from({ length: 8 }, (_, vain) => pickEndpoint([outside, lan], [wifi], vain));
    expect(tried).toEqual([outside, outside, outside, lan, lan, lan, outside, outside]);
    expect(pickEndpoint([], [wifi], 0)).toBeUndefined();
  });

  it("loopback, while it was seen on this host alone itself", () => {
    expect(pickEndpoint([outside, loopback], [], 0)).toBe(loopback);
    expect(pickEndpoint([outside, loopback], at("127.0.0.1:5"), 0)).toBe(loopback);
    expect(pickEndpoint([outside, loopback], [wifi], 0)).toBe(outside);
  });

  it("the one inside, where both stand behind the same NAT", () => {
    expect(pickEndpoint([outside, lan], [other, at("192.168.1.6:62733")[0] as Endpoint], 0)).toBe(lan);
    expect(pickEndpoint(at("203.0.113.7:1", "[fd00::1]:1"), [other], 0)).toBe("[fd00::1]:1");
    expect(pickEndpoint(at("203.0.113.7:1", "172.32.0.1:1"), [other], 0)).toBe("203.0.113.7:1");
  });
});
