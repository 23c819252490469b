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

/** Who sees it: two inside, and others anywhere. */
const [near, far, far2, here, near6] = at(
  "192.168.1.8:62733",
  "198.51.100.1:62733",
  "198.51.100.2:62733",
  "127.0.0.1:50001",
  "[2001:db8::8]:62733",
) as [Endpoint, Endpoint, Endpoint, Endpoint, Endpoint];

describe("of its own addresses a node lists", () => {
  it("none before it was seen, though it knows its interfaces: a node of this host alone is of no use to others", () => {
    const own = createOwnAddresses([], 0);
    expect(own.network([lan, lan6])).toBe(false);
    expect(own.listed()).toEqual([]);
    expect(own.observed(loopback, here, 0)).toBe(true);
    expect(own.listed()).toEqual([loopback]);
  });

  it("where it was seen first, then where it is by itself, then loopback; four at most", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan, wifi]);
    own.observed(loopback, here, 0);
    expect(own.observed(outside, far, 1)).toBe(true);
    expect(own.listed()).toEqual([outside, lan, wifi, loopback]);
    expect(own.observed(other, far2, 2)).toBe(true);
    expect(own.listed()).toEqual([outside, other, lan, wifi]);
  });

  it("none that means something on its link alone", () => {
    const own = createOwnAddresses([], 0);
    expect(own.observed("[fe80::1]:62733" as Endpoint, near6, 0)).toBe(false);
    expect(own.observed("[fd00::1]:62733" as Endpoint, near6, 0)).toBe(true);
    expect(own.listed()).toEqual(["[fd00::1]:62733"]);
  });

  it("one that it is seen at and has by itself once, and seeing it there again is no news", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan]);
    expect(own.observed(lan, near, 0)).toBe(true);
    expect(own.observed(lan, near, 50)).toBe(false);
    expect(own.listed()).toEqual([lan]);
  });

  it("none that the host does not have any more, nor what a NAT showed when it was elsewhere", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan]);
    own.observed(lan, near, 0);
    own.observed(outside, far, 0);
    expect(own.network([wifi])).toBe(true);
    expect(own.listed()).toEqual([wifi]);
  });

  it("what a NAT showed, for as long as one of the addresses behind it is still there", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan, wifi]);
    own.observed(outside, far, 0);
    own.network([lan]);
    expect(own.listed()).toEqual([outside, lan]);
    own.network([]);
    expect(own.listed()).toEqual([]);
  });

  it("where it is now, as soon as its NAT shows another address to the only one who sees it", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan]);
    own.observed(outside, far, 0);
    expect(own.observed(other, far, 10_000)).toBe(true);
    expect(own.listed()).toEqual([other, lan]);
  });
});

describe("the word of one host alone about where a node is", () => {
  const lie = "203.0.113.99:9" as Endpoint;

  it("counts for nothing where the host has an address for everybody", () => {
    const own = createOwnAddresses([], 0);
    own.network(at("203.0.113.5:62733"));
    own.observed(lie, far, 0);
    expect(own.listed()).toEqual(at("203.0.113.5:62733"));
  });

  it("counts for nothing any more when two hosts agree on another", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan]);
    own.observed(lie, far, 0);
    own.observed(outside, far2, 0);
    expect(own.listed()).toEqual([lie, outside, lan]);
    own.observed(outside, at("198.51.100.3:62733")[0] as Endpoint, 0);
    expect(own.listed()).toEqual([outside, lan]);
  });

  it("stands behind an own address at which anybody has seen the node", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan]);
    own.observed(lie, far, 0);
    own.observed(lan, near, 1);
    expect(own.listed()).toEqual([lan, lie]);
  });

  it("is one, however many members it speaks as, and however many addresses of its own network it speaks from", () => {
    const own = createOwnAddresses([], 0);
    own.network(at("192.168.1.5:62733", "[fd00::5]:62733"));
    for (let port = 1; port <= 100; port += 1) {
      own.observed(lie, `198.51.100.1:${port}` as Endpoint, 10_000 * port);
      own.observed("[2001:db8:9::9]:9" as Endpoint, `[2001:db8:1:2::${port}]:${port}` as Endpoint, 10_000 * port);
    }
    own.observed(outside, far2, 1_000_000);
    own.observed(outside, at("198.51.100.3:62733")[0] as Endpoint, 1_000_001);
    expect(own.listed()).toEqual([outside, "[2001:db8:9::9]:9", "192.168.1.5:62733", "[fd00::5]:62733"]);
  });

  it("changes once in ten seconds at most, so that a liar makes no rumours", () => {
    const own = createOwnAddresses([], 0);
    let changes = 0;
    for (let second = 0; second < 100; second += 0.1)
      if (own.observed(`203.0.113.9:${1 + Math.floor(second * 10)}` as Endpoint, far, second * 1_000)) changes += 1;
    expect(changes).toBe(10);
  });

  it("does not keep out the only other one, nor what comes when it has fallen silent", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan]);
    own.observed(lie, far, 0);
    own.observed(outside, far2, 1);
    own.observed(other, at("198.51.100.3:62733")[0] as Endpoint, 2);
    expect(own.listed()).toEqual([lie, outside, lan]);
    own.observed(outside, far2, 60_000);
    own.observed(other, at("198.51.100.3:62733")[0] as Endpoint, 60_001);
    expect(own.listed()).toEqual([outside, other, lan]);
  });

  it("is not heard of another kind of address than that at which it is itself", () => {
    const own = createOwnAddresses([], 0);
    expect(own.observed("127.0.0.1:22" as Endpoint, far, 0)).toBe(false);
    expect(own.observed(lie, near6, 0)).toBe(false);
    expect(own.listed()).toEqual([]);
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
