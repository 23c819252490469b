/** Which of its own addresses a node tells the others, and which of a peer's it uses. */
import { describe, expect, it } from "vitest";
import { createOwnAddresses, type OwnAddresses } from "../../../src/protocol/membership/ownAddresses.ts";
import { pickEndpoint } from "../../../src/protocol/membership/peerAddress.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import type { PeerId } from "../../../src/wire/ids.ts";

const at = (...texts: string[]): Endpoint[] => texts as Endpoint[];
const [lan, lan6, wifi, outside, other, loopback] = at(
  "192.168.1.5:62733",
  "[2001:db8::5]:62733",
  "192.168.7.9:62733",
  "203.0.113.7:40001",
  "203.0.113.7:40002",
  "127.0.0.1:62733",
) as [Endpoint, Endpoint, Endpoint, Endpoint, Endpoint, Endpoint];

const [bob, carol, dan, mallory] = ["b", "c", "d", "e"].map((letter) => letter.repeat(64)) as PeerId[] as [
  PeerId,
  PeerId,
  PeerId,
  PeerId,
];
/** Two members see it there, others for each address; whether that was news. */
const agreed = (own: OwnAddresses, endpoint: Endpoint, now: number): boolean => {
  const [one, two] = ["1", "2"].map((digit) => (Buffer.from(endpoint).toString("hex") + digit).padStart(64, "0"));
  const first = own.observed(endpoint, one as PeerId, now);
  return own.observed(endpoint, two as PeerId, now) || first;
};

describe("of its own addresses a node lists", () => {
  it("none before it was seen, though it knows its interfaces: a node of this host alone is of no use to others", () => {
    const own = createOwnAddresses([], 0);
    expect(own.network([lan, lan6])).toBe(false);
    expect(own.listed()).toEqual([]);
    expect(agreed(own, loopback, 0)).toBe(true);
    expect(own.listed()).toEqual([loopback]);
  });

  it("where it was seen first, then where it is by itself, then loopback; four at most", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan, lan6, wifi]);
    agreed(own, loopback, 0);
    expect(agreed(own, outside, 1)).toBe(true);
    expect(own.listed()).toEqual([outside, lan, lan6, loopback]);
    expect(agreed(own, other, 2)).toBe(true);
    expect(own.listed()).toEqual([other, outside, lan, lan6]);
  });

  it("none that means something on its link alone", () => {
    const own = createOwnAddresses([], 0);
    expect(agreed(own, "[fe80::1]:62733" as Endpoint, 0)).toBe(false);
    expect(agreed(own, "[fd00::1]:62733" as Endpoint, 0)).toBe(true);
    expect(own.listed()).toEqual(["[fd00::1]:62733"]);
  });

  it("one that it is seen at and has by itself once, and seeing it there again is no news", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan]);
    expect(agreed(own, lan, 0)).toBe(true);
    expect(agreed(own, lan, 50)).toBe(false);
    expect(own.listed()).toEqual([lan]);
  });

  it("none that the host does not have any more, nor what a NAT showed when it was elsewhere", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan]);
    agreed(own, lan, 0);
    agreed(own, outside, 0);
    expect(own.network([wifi])).toBe(true);
    expect(own.listed()).toEqual([wifi]);
  });

  it("what a NAT showed, for as long as one of the addresses behind it is still there", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan, lan6]);
    agreed(own, outside, 0);
    own.network([lan]);
    expect(own.listed()).toEqual([outside, lan]);
    own.network([]);
    expect(own.listed()).toEqual([]);
  });

  it("one that nobody has confirmed for a minute no more, when it is seen somewhere else and there is no place", () => {
    const own = createOwnAddresses([], 0);
    const many = [1, 2, 3, 4].map((port) => `203.0.113.7:${port}` as Endpoint);
    for (const endpoint of many) agreed(own, endpoint, 0);
    expect(agreed(own, outside, 59_999)).toBe(false);
    agreed(own, many[1] as Endpoint, 30_000);
    expect(agreed(own, outside, 60_000)).toBe(true);
    expect(own.listed()).toEqual([outside, many[1]]);
  });
});

describe("an address that members report", () => {
  it("is listed when two of them agree, not on the word of one, however often it says so", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan]);
    for (const by of [bob, carol]) own.observed(lan, by, 0);
    for (let time = 1; time < 100; time += 1) expect(own.observed(outside, mallory, time)).toBe(false);
    expect(own.listed()).toEqual([lan]);
    expect(own.isBehindNat()).toBe(false);
    expect(own.observed(outside, dan, 100)).toBe(true);
    expect(own.listed()).toEqual([outside, lan]);
    expect(own.isBehindNat()).toBe(true);
  });

  it("counts on the word of one where there is no other, or one other, who sees its own socket", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan]);
    expect(own.observed(outside, bob, 0)).toBe(true);
    own.observed(lan, carol, 1);
    expect(own.listed()).toEqual([outside, lan]);
    // Two see it there: one alone that sees it elsewhere is not believed any more.
    expect(own.observed(lan, dan, 2)).toBe(true);
    expect(own.listed()).toEqual([lan]);
  });

  it("is not listed any more when another member sees this node elsewhere; both say that there is a NAT", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan]);
    own.observed(outside, bob, 0);
    expect(own.observed(other, carol, 1)).toBe(true);
    expect(own.listed()).toEqual([lan]);
    expect(own.isBehindNat()).toBe(true);
    expect(own.observed(other, dan, 2)).toBe(true);
    expect(own.listed()).toEqual([other, lan]);
  });

  it("of its own sockets needs nobody to agree, on the loopback either; another port there does", () => {
    const own = createOwnAddresses([], 0);
    own.network([lan]);
    for (const by of [bob, carol]) own.observed(outside, by, 0);
    expect(own.observed(loopback, dan, 1)).toBe(true);
    expect(own.observed("127.0.0.1:22" as Endpoint, mallory, 2)).toBe(false);
    expect(own.listed()).toEqual([outside, lan, loopback]);
  });

  it("moves with the node as soon as two see it at another place", () => {
    const own = createOwnAddresses([], 0);
    for (const by of [bob, carol]) own.observed(outside, by, 0);
    own.observed(other, bob, 10);
    expect(own.listed()).toEqual([]);
    own.observed(other, carol, 11);
    expect(own.listed()).toEqual([other]);
  });

  it("is remembered of so many members, the latest", () => {
    const own = createOwnAddresses([], 0);
    for (let number = 0; number < 100; number += 1)
      own.observed(`203.0.113.7:${number + 1}` as Endpoint, number.toString(16).padStart(64, "0") as PeerId, 0);
    expect(own.observed("203.0.113.7:1" as Endpoint, mallory, 1)).toBe(false);
    expect(own.observed("203.0.113.7:100" as Endpoint, mallory, 2)).toBe(true);
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
